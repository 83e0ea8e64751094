namespace Dragonet.Net.Tests.UserNet;

internal static class AddressBytes
{
    public static byte[] ToBytes(this IPAddress address)
    {
        var bytes = new byte[address.Size];
        address.Write(bytes);
        return bytes;
    }
}
