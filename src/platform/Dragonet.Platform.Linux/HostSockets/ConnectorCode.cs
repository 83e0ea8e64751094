using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Stub;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Dragonet.Platform.Linux.HostSockets;

/// <summary>
/// The program of <see cref="Connector"/>, a page of machine code: for each byte that comes it connects a new socket to the one address that it was
/// made with, and sends the result and the socket back. It ends when nobody can ask any more.
/// </summary>
internal static class ConnectorCode
{
    /// <summary>The descriptor of its way to us.</summary>
    internal const int Socket = 3;

    private const ulong Code = 0x400000, Data = 0x600000;
    private const int Byte = 0, Address = 16, Message = 256, Vector = 320, Payload = 336, Control = 352, Size = 512;

    /// <summary>The ELF file.</summary>
    /// <param name="address">struct sockaddr_un.</param>
    internal static byte[] Build(ReadOnlySpan<byte> address)
    {
        var file = new byte[0x2000 + Size];
        using var stream = new MemoryStream();
        Assemble(address.Length).Assemble(new StreamCodeWriter(stream), Code);
        stream.ToArray().CopyTo(file, 0x1000);
        ElfImage.WriteHeaders(file, Code, (0x1000, Code, 0x1000), (0x2000, Data, Size));

        // struct msghdr { name, namelen, iov, iovlen, control, controllen, flags } with one SCM_RIGHTS descriptor.
        var data = file.AsSpan(0x2000);
        address.CopyTo(data[Address..]);
        BinaryPrimitives.WriteUInt64LittleEndian(data[(Message + 16)..], Data + Vector);
        BinaryPrimitives.WriteUInt64LittleEndian(data[(Message + 24)..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(data[(Message + 32)..], Data + Control);
        BinaryPrimitives.WriteUInt64LittleEndian(data[Vector..], Data + Payload);
        BinaryPrimitives.WriteUInt64LittleEndian(data[(Vector + 8)..], 8);
        BinaryPrimitives.WriteUInt64LittleEndian(data[Control..], 20);
        BinaryPrimitives.WriteUInt32LittleEndian(data[(Control + 8)..], 1);  // SOL_SOCKET
        BinaryPrimitives.WriteUInt32LittleEndian(data[(Control + 12)..], 1); // SCM_RIGHTS
        return file;
    }

    private static Assembler Assemble(int addressLength)
    {
        var c = new Assembler(64);
        var next = c.CreateLabel();
        var asked = c.CreateLabel();
        var report = c.CreateLabel();
        var send = c.CreateLabel();

        // Nothing of our maker stays open, and nobody reads or changes this process (ptrace(2), "dumpable").
        Call(c, Nr.close_range, 0, Socket - 1, 0);
        Call(c, Nr.close_range, Socket + 1, int.MaxValue, 0);
        Call(c, Nr.prctl, 4, 0, 0);  // PR_SET_DUMPABLE
        c.xor(r10d, r10d);
        c.xor(r8d, r8d);
        Call(c, Nr.prctl, 38, 1, 0); // PR_SET_NO_NEW_PRIVS

        c.Label(ref next);
        c.xor(r10d, r10d);
        c.xor(r8d, r8d);
        c.xor(r9d, r9d);
        Call(c, Nr.recvfrom, Socket, (long)Data + Byte, 1);
        c.cmp(rax, -(int)Errno.EINTR);
        c.je(next);
        c.test(rax, rax);
        c.jg(asked);
        Call(c, Nr.exit_group, 0, 0, 0);

        c.Label(ref asked);
        Call(c, Nr.socket, 1, 5 | 0x80800, 0); // AF_UNIX, SOCK_SEQPACKET|SOCK_NONBLOCK|SOCK_CLOEXEC
        c.mov(rbx, rax);
        c.test(rax, rax);
        c.js(report);
        c.mov(rdi, rbx);
        c.mov(rsi, (long)Data + Address);
        c.mov(edx, addressLength);
        c.mov(eax, (int)Nr.connect);
        c.syscall();

        c.Label(ref report);
        c.mov(rcx, (long)Data);
        c.mov(__qword_ptr[rcx + Payload], rax);
        c.mov(__qword_ptr[rcx + Message + 40], 0);
        c.test(rax, rax);
        c.js(send);
        c.mov(__qword_ptr[rcx + Message + 40], 24);
        c.mov(__dword_ptr[rcx + Control + 16], ebx);

        c.Label(ref send);
        Call(c, Nr.sendmsg, Socket, (long)Data + Message, 0x4000); // MSG_NOSIGNAL
        c.test(rbx, rbx);
        c.js(next);
        c.mov(rdi, rbx);
        c.mov(eax, (int)Nr.close);
        c.syscall();
        c.jmp(next);
        return c;
    }

    private static void Call(Assembler c, Nr number, long first, long second, long third)
    {
        c.mov(rdi, first);
        c.mov(rsi, second);
        c.mov(rdx, third);
        c.mov(eax, (int)number);
        c.syscall();
    }
}
