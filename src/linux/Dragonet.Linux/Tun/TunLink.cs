using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Linux.Inet;
using Dragonet.Net;

namespace Dragonet.Linux.Tun;

/// <summary>An interface whose other side is a program (Documentation/networking/tuntap.rst of Linux): what it is, and which file has it now.</summary>
internal sealed class TunLink(bool isTap, bool hasHead, uint? owner = null) : ILinkDriver
{
    private TunFile? _file;
    private Interface? _link;
    private bool _isRemoved;

    /// <summary>It carries Ethernet frames, not IP packets.</summary>
    public bool IsTap => isTap;

    /// <summary>Each packet has four bytes in front that tell what it is (IFF_NO_PI is not set).</summary>
    public bool HasHead { get; set; } = hasHead;

    /// <summary>The user who may take it, besides those with CAP_NET_ADMIN; null for everybody.</summary>
    public uint? Owner { get; set; } = owner;

    /// <summary>The group who may take it; null for everybody.</summary>
    public uint? Group { get; set; }

    /// <summary>It stays when the file is closed.</summary>
    public bool IsPersistent { get; set; }

    /// <summary>The interface is gone.</summary>
    public bool IsRemoved => Volatile.Read(ref _isRemoved);

    public Interface Link => _link!;

    /// <summary>Makes the interface in a stack.</summary>
    public Errno Create(NetworkStack network, string pattern)
    {
        if (!network.Fabric.CreateTun(network, pattern, isTap, this, Transmit).Ok(out var link, out var error))
        {
            return error;
        }

        _link = link;
        return Errno.OK;
    }

    /// <summary>tun_not_capable of Linux.</summary>
    public bool MayTake(Credentials credentials)
        => ((Owner is not { } user || credentials.EffectiveUid == user) && (Group is not { } group || credentials.EffectiveGid == group || credentials.InGroup(group)))
            || credentials.Has(Capability.CAP_NET_ADMIN);

    /// <summary>Plugs a file in; false when one is.</summary>
    public bool TryTake(TunFile file) => Interlocked.CompareExchange(ref _file, file, null) is null;

    /// <summary>The file lets go of it, and it stays.</summary>
    public void Leave() => Volatile.Write(ref _file, null);

    public void OnStateChanged() => Volatile.Read(ref _file)?.OnStateChanged();

    public void OnRemoved()
    {
        Volatile.Write(ref _isRemoved, true);
        Volatile.Read(ref _file)?.OnStateChanged();
    }

    /// <summary>The stack sends something; inside it.</summary>
    private void Transmit(ReadOnlySpan<byte> frame)
    {
        if (_link is { } link && !(link.HasCarrier && Volatile.Read(ref _file)?.Put(frame, link.QueueLength) == true))
        {
            link.Counters.CountSendDrop();
        }
    }
}
