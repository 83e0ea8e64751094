using System.Buffers.Binary;
using Dragonet.Platform.Linux.Channels;


namespace Dragonet.Platform.Linux.Stub;

/// <summary>The zygote's ELF file: one code segment and one data segment, made in memory.</summary>
internal static class StubImage
{
    /// <summary>Builds the file.</summary>
    internal static byte[] Build(int kernelPid, bool strict, long filterFlags, ChannelCode? channels, bool sessions)
    {
        var (code, entry, handler, restorer) = StubCode.Assemble(channels is not null, sessions);
        if (code.Length > 0x1000)
        {
            throw new InvalidOperationException("the stub's code must fit in one page");
        }

        var file = new byte[0x3000 + StubLayout.DataSize];
        ElfImage.WriteHeaders(file, entry, (0x1000, StubLayout.Code, 0x2000), (0x3000, StubLayout.Data, StubLayout.DataSize));
        code.CopyTo(file, 0x1000);
        channels?.Page.CopyTo(file.AsSpan(0x2000));
        WriteData(file.AsSpan(0x3000, StubLayout.DataSize), kernelPid, GuestFilter.Build(strict), filterFlags, handler, restorer);
        return file;
    }

    private static void WriteData(Span<byte> data, int kernelPid, byte[] filter, long filterFlags, ulong handler, ulong restorer)
    {
        Put64(data, At(StubLayout.KernelPid), (ulong)kernelPid);

        Put16(data, At(StubLayout.FilterProgram), (ushort)(filter.Length / 8));
        Put64(data, At(StubLayout.FilterProgram) + 8, StubLayout.FilterCode);
        Put64(data, At(StubLayout.FilterFlags), (ulong)filterFlags);
        filter.CopyTo(data[At(StubLayout.FilterCode)..]);

        // struct msghdr { name, namelen, iov, iovlen, control, controllen, flags } with one SCM_RIGHTS descriptor.
        Put64(data, At(StubLayout.Message) + 16, StubLayout.MessageVector);
        Put64(data, At(StubLayout.Message) + 24, 1);
        Put64(data, At(StubLayout.Message) + 32, StubLayout.MessageControl);
        Put64(data, At(StubLayout.Message) + 40, 24);
        Put64(data, At(StubLayout.MessageVector), StubLayout.MessagePayload);
        Put64(data, At(StubLayout.MessageVector) + 8, 8);
        Put64(data, At(StubLayout.MessageControl), 20);
        Put32(data, At(StubLayout.MessageControl) + 8, 1);   // SOL_SOCKET
        Put32(data, At(StubLayout.MessageControl) + 12, 1);  // SCM_RIGHTS

        // struct sigaction { handler, flags, restorer, mask }: all signals are blocked while the stub handles one.
        Put64(data, At(StubLayout.SignalAction), handler);
        Put64(data, At(StubLayout.SignalAction) + 8, 0x0400_0000 | 0x0800_0000 | 0x1000_0000 | 4); // SA_RESTORER|ONSTACK|RESTART|SIGINFO
        Put64(data, At(StubLayout.SignalAction) + 16, restorer);
        Put64(data, At(StubLayout.SignalAction) + 24, ulong.MaxValue);

        Put64(data, At(StubLayout.AltStack), StubLayout.Slots);
        Put64(data, At(StubLayout.AltStack) + 16, StubLayout.SlotSize);

        Put32(data, At(StubLayout.CapHeader), 0x2008_0522);  // _LINUX_CAPABILITY_VERSION_3; the sets that follow are empty
    }

    private static int At(ulong address) => (int)(address - StubLayout.Data);

    private static void Put16(Span<byte> target, int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(target[at..], value);

    private static void Put32(Span<byte> target, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(target[at..], value);

    private static void Put64(Span<byte> target, int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(target[at..], value);
}
