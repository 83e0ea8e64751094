using System.Numerics;

namespace Dragonet.Net;

/// <summary>SipHash-1-3 with a secret key: what a stranger must not be able to predict (initial sequence numbers, RFC 6528; ports,
/// RFC 6056) or to make collide (tables of connections).</summary>
internal sealed class KeyedHash(ulong key0, ulong key1)
{
    /// <summary>The hash of a connection's addresses and ports.</summary>
    public ulong Of(in TcpKey key, ulong purpose = 0)
    {
        var v0 = key0 ^ 0x736f6d6570736575;
        var v1 = key1 ^ 0x646f72616e646f6d;
        var v2 = key0 ^ 0x6c7967656e657261;
        var v3 = key1 ^ 0x7465646279746573;
        Add(key.LocalAddress.High, ref v0, ref v1, ref v2, ref v3);
        Add(key.LocalAddress.Low, ref v0, ref v1, ref v2, ref v3);
        Add(key.RemoteAddress.High, ref v0, ref v1, ref v2, ref v3);
        Add(key.RemoteAddress.Low, ref v0, ref v1, ref v2, ref v3);
        Add((ulong)key.LocalPort << 16 | key.RemotePort | purpose << 32, ref v0, ref v1, ref v2, ref v3);
        v2 ^= 0xff;
        Round(ref v0, ref v1, ref v2, ref v3);
        Round(ref v0, ref v1, ref v2, ref v3);
        Round(ref v0, ref v1, ref v2, ref v3);
        return v0 ^ v1 ^ v2 ^ v3;
    }

    private static void Add(ulong word, ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v3 ^= word;
        Round(ref v0, ref v1, ref v2, ref v3);
        v0 ^= word;
    }

    private static void Round(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v0 += v1;
        v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
        v0 = BitOperations.RotateLeft(v0, 32);
        v2 += v3;
        v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
        v0 += v3;
        v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
        v2 += v1;
        v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
        v2 = BitOperations.RotateLeft(v2, 32);
    }
}
