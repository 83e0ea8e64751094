using Dragonet.Platform.Linux.Channels;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>The code of ours that guests run, which depends on nothing but what the host can do. It is assembled when it is first wanted;
/// <see cref="Assemble"/> does it ahead of that. Thread-safe.</summary>
public sealed class GuestCode
{
    private readonly Lazy<ChannelCode?> _channels;

    /// <param name="strict">Every system call goes to the kernel; nothing is left to the host.</param>
    /// <param name="channels">Let frequent calls take along what they need in shared memory.</param>
    public GuestCode(bool strict = false, bool channels = true)
    {
        IsStrict = strict;
        Kinds = ChannelCalls.MakeTable(strict, wakes: !strict && HostFeatures.HasFutex2);
        HasChannels = channels && ChannelCode.IsPossible;
        _channels = new(() => HasChannels ? ChannelCode.Assemble(Kinds, canSleep: !strict) : null);
    }

    /// <summary>Nothing is left to the host.</summary>
    internal bool IsStrict { get; }

    /// <summary>Which call may come through a channel, and with what.</summary>
    internal byte[] Kinds { get; }

    /// <summary>There are channels.</summary>
    internal bool HasChannels { get; }

    /// <summary>What patched call sites jump to; null without channels.</summary>
    internal ChannelCode? Channels => _channels.Value;

    /// <summary>Assembles it now, unless that was done, and makes ready what the first program's code is looked through with.</summary>
    public void Assemble()
    {
        if (_channels.Value is not null)
        {
            PatchedFiles.Prepare();
        }
    }
}
