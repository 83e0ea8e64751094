using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Dragonet.Abi;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>Builds one netlink message: header, fixed part, attributes (netlink(7)).</summary>
internal sealed class NetlinkMessage
{
    private const int HeaderSize = 16;

    private readonly List<byte> _bytes = [];

    /// <summary>Begins an answer to a request.</summary>
    /// <param name="request">The request's header.</param>
    /// <param name="type">The answer's type.</param>
    /// <param name="flags">NLM_F_*.</param>
    /// <param name="port">The socket that asked.</param>
    public NetlinkMessage(in nlmsghdr request, ushort type, ushort flags, uint port)
    {
        var header = new nlmsghdr { nlmsg_type = type, nlmsg_flags = flags, nlmsg_seq = request.nlmsg_seq, nlmsg_pid = port };
        Add(header);
    }

    /// <summary>The message, with its length filled in.</summary>
    public byte[] Finish()
    {
        var bytes = _bytes.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length);
        return bytes;
    }

    /// <summary>The fixed part.</summary>
    public NetlinkMessage Add<T>(in T value)
        where T : unmanaged
    {
        _bytes.AddRange(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));
        return this;
    }

    /// <summary>Bytes as they are, up to a whole word.</summary>
    public NetlinkMessage Add(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        while (_bytes.Count % 4 != 0)
        {
            _bytes.Add(0);
        }

        return this;
    }

    /// <summary>An attribute.</summary>
    public NetlinkMessage Add(ushort type, ReadOnlySpan<byte> data)
    {
        Span<byte> header = stackalloc byte[4];
        BinaryPrimitives.WriteUInt16LittleEndian(header, (ushort)(4 + data.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], type);
        _bytes.AddRange(header);
        _bytes.AddRange(data);
        while ((_bytes.Count - HeaderSize) % 4 != 0)
        {
            _bytes.Add(0);
        }

        return this;
    }

    /// <summary>An attribute that consists of attributes.</summary>
    public NetlinkMessage Nest(int type, Action<NetlinkMessage> inside)
    {
        var start = _bytes.Count;
        _ = Add((ushort)type, default(ReadOnlySpan<byte>));
        inside(this);
        BinaryPrimitives.WriteUInt16LittleEndian(CollectionsMarshal.AsSpan(_bytes)[start..], (ushort)(_bytes.Count - start));
        return this;
    }

    /// <summary>An attribute that is a number of 32 bits.</summary>
    public NetlinkMessage Add(ushort type, int value) => Add(type, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)));

    /// <summary>An attribute that is a text with its NUL.</summary>
    public NetlinkMessage Add(ushort type, string value) => Add(type, Encoding.ASCII.GetBytes(value + "\0"));
}
