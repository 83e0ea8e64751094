using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>How the VFS opens FIFOs: the pipe is the inode's attachment while an end is open (fifo(7)).</summary>
internal static class FifoFiles
{
    /// <summary>A <see cref="FifoOpener"/>.</summary>
    internal static Result<OpenFile> Open(ICaller caller, VfsPath path, OpenFlags flags)
    {
        // A call that came a quick way is made again when it has to wait.
        var task = caller as Task;
        var pipe = path.Inode.GetOrAttach(() => new Pipe(task?.Jail.Buffers));
        if (!FifoOpen.Begin(pipe, flags, path, canWait: task is not { Thread.IsQuick: true }).Ok(out var open, out var error))
        {
            return error;
        }

        return open.IsReady ? open.Complete() : new Pending(open, flags);
    }

    private sealed class Pending(FifoOpen open, OpenFlags flags) : PendingOpen(flags)
    {
        public override WaitQueue Queue => open.Queue;

        public override bool IsReady => open.IsReady;

        public override OpenFile Complete() => open.Complete();

        public override void Dispose() => open.Dispose();

        protected override void OnRelease() => open.Dispose();
    }
}
