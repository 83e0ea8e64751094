namespace Dragonet.Net;

/// <summary>Calls that an <see cref="IInterceptor"/> makes wait: the packet of each, to be looked at again.</summary>
internal sealed class HeldSyns
{
    private readonly Dictionary<TcpKey, (IPHeader Header, PacketBuffer Packet)> _held;
    private readonly PacketPool _pool;

    public HeldSyns(PacketPool pool, IEqualityComparer<TcpKey> comparer)
    {
        _pool = pool;
        _held = new(comparer);
    }

    public int Count => _held.Count;

    /// <summary>Keeps a copy, in the place of an older one.</summary>
    public void Keep(in TcpKey key, in IPHeader header, PacketBuffer packet)
    {
        if (Take(key, out _, out var old))
        {
            _pool.Return(old);
        }

        var copy = _pool.Copy(packet.Bytes);
        copy.Input = packet.Input;
        copy.IsLocal = packet.IsLocal;
        _held.Add(key, (header, copy));
    }

    /// <summary>Takes one out; the packet is the caller's.</summary>
    public bool Take(in TcpKey key, out IPHeader header, out PacketBuffer packet)
    {
        var found = _held.Remove(key, out var entry);
        (header, packet) = entry;
        return found;
    }
}
