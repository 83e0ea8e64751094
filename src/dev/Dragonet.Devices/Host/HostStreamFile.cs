using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;
using Dragonet.Vfs;

namespace Dragonet.Devices.Host;

/// <summary>A stream of the host as an open file of the guest: redirected standard input, output and error.</summary>
public sealed class HostStreamFile(IHostStream stream, OpenFlags flags, ulong inode, Action drain) : OpenFile(flags)
{
    private readonly WaitQueue _queue = new();
    private readonly Action _drain = drain;
    private int _armed;

    /// <inheritdoc/>
    public override string Description => $"pipe:[{inode}]";

    /// <inheritdoc/>
    public override Result<int> Read(ICaller caller, Span<byte> destination) => ToResult(stream.Read(destination));

    /// <inheritdoc/>
    public override Result<int> Write(ICaller caller, ReadOnlySpan<byte> source) => ToResult(stream.Write(source));

    /// <inheritdoc/>
    public override PollEvents Poll(PollWait? wait)
    {
        if (wait is not null)
        {
            wait.Add(_queue);
        }

        var ready = stream.Ready();
        if (stream.Type == StatMode.S_IFREG)
        {
            ready = PollEvents.POLLIN | PollEvents.POLLOUT;
        }

        var wanted = (CanRead ? PollEvents.POLLIN : 0) | (CanWrite ? PollEvents.POLLOUT : 0);
        if (wait is not null && (ready & wanted) != wanted)
        {
            Arm(wanted & ~ready);
        }

        return (ready & PollEvents.POLLIN) != 0 && (ready & PollEvents.POLLOUT) != 0
            ? ready | PollEvents.POLLRDNORM | PollEvents.POLLWRNORM
            : (ready & PollEvents.POLLIN) != 0 ? ready | PollEvents.POLLRDNORM : (ready & PollEvents.POLLOUT) != 0 ? ready | PollEvents.POLLWRNORM : ready;
    }

    /// <inheritdoc/>
    public override Result<InodeAttributes> GetAttributes() => new InodeAttributes
    {
        Number = inode,
        Mode = (stream.Type == StatMode.S_IFREG ? StatMode.S_IFREG : stream.Type == StatMode.S_IFCHR ? StatMode.S_IFCHR : StatMode.S_IFIFO) | 0x180,
        RawDevice = stream.Type == StatMode.S_IFCHR ? DeviceNumber.Make(1, 3) : 0,
        Links = 1,
        Size = stream.Type == StatMode.S_IFREG ? stream.Size : 0,
        BlockSize = 4096,
    };

    /// <summary>The stream is the host's: there is one description of it only.</summary>
    public override Result<OpenFile> Reopen(ICaller caller, OpenFlags flags)
    {
        AddReference();
        return this;
    }

    private void Arm(PollEvents interest)
    {
        if (Interlocked.Exchange(ref _armed, 1) != 0)
        {
            return;
        }

        stream.Arm(interest, () =>
        {
            Volatile.Write(ref _armed, 0);
            _ = _queue.Wake();
            _drain();
        });
    }

    private static Result<int> ToResult(int value) => value >= 0 ? value : (Errno)(-value);
}
