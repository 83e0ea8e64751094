using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet.Devices.Tty;

/// <summary>The master of a pseudo terminal, opened as /dev/ptmx (pts(4)).</summary>
internal sealed class PtyMasterFile(Terminal terminal, VfsPath? path, OpenFlags flags) : OpenFile(flags)
{
    /// <inheritdoc/>
    public override VfsPath? Path => path;

    /// <inheritdoc/>
    public override string Description => "/dev/ptmx";

    /// <inheritdoc/>
    public override string FdInfo => $"tty-index:\t{terminal.Index}\n";

    /// <inheritdoc/>
    public override bool SupportsAsync => true;

    /// <inheritdoc/>
    public override Result<int> Read(ICaller caller, Span<byte> destination) => terminal.MasterRead(destination);

    /// <inheritdoc/>
    public override Result<int> Write(ICaller caller, ReadOnlySpan<byte> source) => terminal.MasterWrite(source);

    /// <inheritdoc/>
    public override PollEvents Poll(PollWait? wait)
    {
        wait?.Add(terminal.MasterQueue);
        return terminal.GetMasterEvents();
    }

    /// <inheritdoc/>
    public override SysResult Ioctl(ICaller caller, uint request, ulong argument)
    {
        var memory = caller.Memory;
        switch (request)
        {
            case Ioctls.TIOCGPTN:
                return memory.Write(argument, terminal.Index);
            case Ioctls.TIOCSPTLCK:
                var error = memory.Read(argument, out int locks);
                if (error == Errno.OK)
                {
                    terminal.IsLocked = locks != 0;
                }

                return error;
            case Ioctls.TIOCGPTLCK:
                return memory.Write(argument, terminal.IsLocked ? 1 : 0);
            case Ioctls.TIOCPKT:
                error = memory.Read(argument, out int packets);
                if (error == Errno.OK)
                {
                    terminal.IsPacketMode = packets != 0;
                }

                return error;
            case Ioctls.TIOCGPKT:
                return memory.Write(argument, terminal.IsPacketMode ? 1 : 0);
            case Ioctls.TIOCSIG:
                return terminal.SendForeground((int)argument);
            case Ioctls.TIOCGPTPEER:
                return OpenPeer(caller, (OpenFlags)argument);
            default:
                return terminal.Ioctl(caller, request, argument, isMaster: true);
        }
    }

    /// <inheritdoc/>
    protected override void OnRelease() => terminal.CloseMaster();

    private SysResult OpenPeer(ICaller caller, OpenFlags flags)
    {
        if (caller is not Dragonet.Kernel.Task task)
        {
            return Errno.EINVAL;
        }

        // ttyname(3) compares with what is found by name.
        var context = new WalkContext(task, task.Fs.Root, task.Fs.Cwd);
        var device = task.Kernel.Vfs.Lookup(context, "/dev/pts", WalkFlags.Follow).Ok(out var place, out _) ? place.Inode.FileSystem.Device : 0xc;
        return terminal.Open(caller, null, flags, isUnlocked: true, device).Ok(out var file, out var error)
            ? SysResult.From(task.Files.Install(task, file, (flags & OpenFlags.O_CLOEXEC) != 0))
            : error;
    }
}
