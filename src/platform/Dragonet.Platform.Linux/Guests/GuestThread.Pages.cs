using Dragonet.Abi;
using Dragonet.Platform.Linux.Channels;
using Dragonet.Platform.Linux.Interop;
using Dragonet.Platform.Linux.Stub;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>The shared pages of a thread: when they are made, and how.</summary>
internal sealed partial class GuestThread
{
    /// <summary>In the trap that <see cref="Count"/> asked for.</summary>
    internal void MakeWantedChannel()
    {
        if (_wantsChannel)
        {
            MakeChannel(atBirth: false);
        }
    }

    /// <summary>A process that was forked just now by a program whose children ask much.</summary>
    private void BeginWithChannel()
    {
        MakeChannel(atBirth: true);
        if (_channel is { } channel)
        {
            space.Platform.ChannelServer!.Activate(channel);
        }
    }

    /// <summary>In a trap: maps the shared pages. A fork must neither share nor inherit them.</summary>
    private void MakeChannel(bool atBirth)
    {
        if (_channel is not null || space.Platform.ChannelServer is null || Channel.Create() is not { } channel)
        {
            return;
        }

        var page = SlotMap.AddressOf(Slot);
        var error = space.Listener.Lend(_notification, channel.Fd, LentFd);
        if (error == Errno.OK)
        {
            const long dontFork = 10, wipeOnFork = 18;
            error = Run(
            [
                ((long)Nr.mmap, (long)page + ChannelLayout.Control, ChannelLayout.Size, 3, 0x11, LentFd, 0), // MAP_SHARED|MAP_FIXED
                ((long)Nr.close, LentFd, 0, 0, 0, 0, 0),
                ((long)Nr.madvise, (long)page + ChannelLayout.Control, ChannelLayout.Size, dontFork, 0, 0, 0),
                ((long)Nr.madvise, (long)page, ChannelLayout.Control, wipeOnFork, 0, 0, 0),
            ]).Ok(out _, out var failed) ? Errno.OK : failed;
        }

        channel.Begin(_identity, null); // before the guest can look
        if (error != Errno.OK || space.Write(page + ChannelLayout.Present, [1, 0, 0, 0]) != Errno.OK || !space.Slots.TrySetChannel(Slot, channel, atBirth))
        {
            channel.Dispose();
            return;
        }

        channel.Thread = this;
        _channel = channel;
    }

    /// <summary>In the trap that <see cref="Count"/> asked for: maps the window.</summary>
    internal void MakeWindow()
    {
        var isWanted = _wantsWindow;
        _wantsWindow = false;
        if (!isWanted || _channel is not { } channel || space.Platform.ChannelServer is not { } server
            || channel.MakeWindow(server.Windows, Slot) is not { } window)
        {
            return;
        }

        var address = ChannelLayout.AddressOfWindow(Slot);
        var error = space.Listener.Lend(_notification, window, LentFd);
        if (error == Errno.OK)
        {
            const long dontFork = 10;
            error = Run(
            [
                ((long)Nr.mmap, (long)address, ChannelLayout.WindowSize, 3, 0x11, LentFd, 0), // MAP_SHARED|MAP_FIXED
                ((long)Nr.close, LentFd, 0, 0, 0, 0, 0),
                ((long)Nr.madvise, (long)address, ChannelLayout.WindowSize, dontFork, 0, 0, 0),
            ]).Ok(out _, out var failed) ? Errno.OK : failed;
        }

        channel.OpenWindow(error == Errno.OK ? address : 0);
    }
}
