using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>sockaddr_un (unix(7)) as a name: empty for unnamed, beginning with NUL for the abstract name space, else a path.</summary>
internal static class UnixAddress
{
    private const int MaxLength = 110;

    /// <summary>An unnamed socket's address.</summary>
    public const string Unnamed = "";

    /// <summary>True for a name of the abstract name space.</summary>
    public static bool IsAbstract(string name) => name.Length > 0 && name[0] == '\0';

    /// <summary>Reads an address: EINVAL for another family or a bad length.</summary>
    public static Result<string> Parse(ReadOnlySpan<byte> address)
    {
        if (address.Length is < 2 or > MaxLength || (address[0] | address[1] << 8) != (int)AddressFamily.AF_UNIX)
        {
            return Errno.EINVAL;
        }

        var name = address[2..];
        if (name.IsEmpty)
        {
            return Unnamed;
        }

        if (name[0] == 0)
        {
            return ByteString.FromBytes(name);
        }

        var end = name.IndexOf((byte)0);
        return ByteString.FromBytes(end < 0 ? name : name[..end]);
    }

    /// <summary>The address as a guest sees it.</summary>
    public static byte[] Format(string name)
    {
        var isPath = name.Length > 0 && !IsAbstract(name);
        var bytes = new byte[2 + name.Length + (isPath ? 1 : 0)];
        bytes[0] = (byte)AddressFamily.AF_UNIX;
        ByteString.ToBytes(name).CopyTo(bytes, 2);
        return bytes;
    }
}
