using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet.Devices.Tty;

/// <summary>The program's side of a terminal, opened as /dev/pts/N, /dev/tty or /dev/console.</summary>
/// <param name="terminal">The terminal.</param>
/// <param name="path">Where it was found, or null.</param>
/// <param name="flags">open(2) flags.</param>
/// <param name="generation">Of the terminal, which a hangup ends.</param>
/// <param name="device">Without a path, the device of the file system that it would be found in.</param>
internal sealed class TerminalFile(Terminal terminal, VfsPath? path, OpenFlags flags, int generation, ulong device) : OpenFile(flags)
{
    /// <summary>The terminal.</summary>
    public Terminal Terminal => terminal;

    /// <inheritdoc/>
    public override VfsPath? Path => path;

    /// <inheritdoc/>
    public override string Description => $"/dev/pts/{terminal.Index}";

    /// <inheritdoc/>
    public override bool SupportsAsync => true;

    /// <inheritdoc/>
    public override Result<int> Read(ICaller caller, Span<byte> destination) => terminal.Read(caller, destination, generation);

    /// <inheritdoc/>
    public override Result<int> Write(ICaller caller, ReadOnlySpan<byte> source) => terminal.Write(caller, source, generation);

    /// <inheritdoc/>
    public override PollEvents Poll(PollWait? wait)
    {
        wait?.Add(terminal.Queue);
        return terminal.GetEvents(generation);
    }

    /// <inheritdoc/>
    public override SysResult Ioctl(ICaller caller, uint request, ulong argument) =>
        (terminal.GetEvents(generation) & PollEvents.POLLHUP) != 0 ? Errno.EIO : terminal.Ioctl(caller, request, argument, isMaster: false);

    /// <inheritdoc/>
    public override Result<OpenFile> Reopen(ICaller caller, OpenFlags flags) => terminal.Open(caller, path, flags);

    /// <inheritdoc/>
    public override Result<InodeAttributes> GetAttributes() => path is not null
        ? base.GetAttributes()
        : new InodeAttributes
        {
            Device = device, Number = (ulong)terminal.Index + 3, Mode = StatMode.S_IFCHR | terminal.Entry.Permissions, Links = 1,
            Uid = terminal.Entry.Uid, Gid = terminal.Entry.Gid, RawDevice = terminal.Device, BlockSize = 1024,
            AccessTime = terminal.Entry.Used, ModifyTime = terminal.Entry.Used, ChangeTime = terminal.Entry.Created, BirthTime = terminal.Entry.Created,
        };

    /// <inheritdoc/>
    protected override void OnRelease() => terminal.Close(generation);
}
