using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Platform.InProcess;

namespace Dragonet.Kernel.Tests.InProcess;

/// <summary>Calls on sockets as C programs know them. Failures are negative errnos; what lay on the stack is taken down again.</summary>
internal static class SocketLibc
{
    internal static int Socket(this Guest guest, AddressFamily family, SocketType type, int protocol = 0, OpenFlags flags = 0)
        => (int)guest.Call(Nr.socket, (ulong)family, (ulong)type | (ulong)flags, (ulong)protocol);

    internal static long Bind(this Guest guest, int fd, ReadOnlySpan<byte> address) => guest.WithAddress(Nr.bind, fd, address);

    internal static long Connect(this Guest guest, int fd, ReadOnlySpan<byte> address) => guest.WithAddress(Nr.connect, fd, address);

    internal static long Send(this Guest guest, int fd, int length, ReadOnlySpan<byte> to = default)
    {
        var stack = guest.StackPointer;
        var where = to.IsEmpty ? 0 : guest.Push(to);
        const ulong noSignal = 0x4000;
        var result = guest.Call(Nr.sendto, (ulong)fd, guest.Push(new byte[length]), (ulong)length, noSignal, where, (ulong)to.Length);
        guest.StackPointer = stack;
        return result;
    }

    internal static long Send(this Guest guest, int fd, ReadOnlySpan<byte> bytes)
    {
        var stack = guest.StackPointer;
        var result = guest.Call(Nr.sendto, (ulong)fd, guest.Push(bytes), (ulong)bytes.Length, 0, 0, 0);
        guest.StackPointer = stack;
        return result;
    }

    internal static long Receive(this Guest guest, int fd, int most)
    {
        var stack = guest.StackPointer;
        var result = guest.Call(Nr.recvfrom, (ulong)fd, guest.Push(new byte[most]), (ulong)most, 0, 0, 0);
        guest.StackPointer = stack;
        return result;
    }

    internal static long SetOption(this Guest guest, int fd, int level, int name, params ReadOnlySpan<byte> value)
    {
        var stack = guest.StackPointer;
        var result = guest.Call(Nr.setsockopt, (ulong)fd, (ulong)level, (ulong)name, guest.Push(value), (ulong)value.Length);
        guest.StackPointer = stack;
        return result;
    }

    /// <summary>struct sockaddr_in.</summary>
    internal static byte[] Inet(byte a, byte b, byte c, byte d, int port) => [2, 0, (byte)(port >> 8), (byte)port, a, b, c, d, .. new byte[8]];

    /// <summary>A message of netlink(7) with NLM_F_REQUEST.</summary>
    internal static byte[] NetlinkMessage(int type, int flags, params ReadOnlySpan<byte> body)
    {
        var bytes = new byte[16 + body.Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length);
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(4), (short)type);
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(6), (short)(flags | 1));
        body.CopyTo(bytes.AsSpan(16));
        return bytes;
    }

    /// <summary>struct rtattr with what belongs to it.</summary>
    internal static byte[] Attribute(int type, params ReadOnlySpan<byte> value)
        => [(byte)(4 + value.Length), 0, (byte)type, (byte)(type >> 8), .. value, .. new byte[-value.Length & 3]];

    private static long WithAddress(this Guest guest, Nr call, int fd, ReadOnlySpan<byte> address)
    {
        var stack = guest.StackPointer;
        var result = guest.Call(call, (ulong)fd, guest.Push(address), (ulong)address.Length);
        guest.StackPointer = stack;
        return result;
    }
}
