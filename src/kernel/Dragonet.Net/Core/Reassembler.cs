namespace Dragonet.Net;

/// <summary>
/// Puts fragments together (RFC 791, section 3.2; RFC 8200, section 4.5), in bounded memory: the oldest packet goes when there are
/// too many. Fragments that overlap take their packet with them (RFC 5722).
/// </summary>
internal sealed class Reassembler(Stack stack) : StackTimer
{
    private const int MaxPackets = 16;
    private const int MaxLength = 65535;
    private const long Timeout = 30_000_000_000; // net.ipv4.ipfrag_time

    private readonly List<Partial> _packets = []; // oldest first

    /// <summary>Packets that are not complete.</summary>
    public int Count => _packets.Count;

    /// <inheritdoc/>
    public override long Deadline => _packets.Count == 0 ? long.MaxValue : _packets[0].Expires;

    /// <summary>Takes a fragment; owns it.</summary>
    /// <returns>The whole packet, with a header in front of <see cref="FragmentInfo.DataStart"/> bytes, or null.</returns>
    public PacketBuffer? Add(in FragmentInfo fragment, PacketBuffer packet)
    {
        var data = packet.Bytes[fragment.DataStart..];
        var end = fragment.Offset + data.Length;
        // The length field of IPv4 counts the header, that of IPv6 what is behind the fixed one.
        var headers = fragment.HeaderLength - (fragment.Header.Source.IsV4 ? 0 : IPv6Packet.HeaderSize);
        var isBad = data.IsEmpty || end > MaxLength - headers || (fragment.More && data.Length % 8 != 0);
        if (isBad)
        {
            stack.Counters.IPReassemblyFailures++;
            stack.Pool.Return(packet);
            return null;
        }

        var partial = Find(fragment);
        if (!partial.Add(fragment, packet.Bytes))
        {
            Discard(partial);
            stack.Pool.Return(packet);
            return null;
        }

        PacketBuffer? whole = null;
        if (partial.IsComplete)
        {
            whole = partial.Build(stack.Pool, fragment.DataStart);
            whole.Input = packet.Input;
            whole.IsLocal = packet.IsLocal;
            whole.IsLinkBroadcast = packet.IsLinkBroadcast;
            whole.ReceivedAt = packet.ReceivedAt;
            _ = _packets.Remove(partial);
            partial.Free(stack.Pool);
            stack.Counters.IPReassembled++;
        }

        stack.Pool.Return(packet);
        stack.Timers.Update(this);
        return whole;
    }

    /// <summary>Gives up all of them.</summary>
    public void Clear()
    {
        while (_packets.Count > 0)
        {
            Discard(_packets[0]);
        }
    }

    /// <inheritdoc/>
    public override void Fire()
    {
        while (_packets.Count > 0 && _packets[0].Expires <= stack.Now)
        {
            Discard(_packets[0]);
        }
    }

    private Partial Find(in FragmentInfo fragment)
    {
        foreach (var known in _packets)
        {
            if (known.Identification == fragment.Identification && known.Header.Source == fragment.Header.Source
                && known.Header.Destination == fragment.Header.Destination && known.Header.Protocol == fragment.Header.Protocol)
            {
                return known;
            }
        }

        if (_packets.Count == MaxPackets)
        {
            Discard(_packets[0]);
        }

        var partial = new Partial(fragment, stack.Now + Timeout, stack.Pool.Rent(MaxLength));
        _packets.Add(partial);
        return partial;
    }

    private void Discard(Partial partial)
    {
        stack.Counters.IPReassemblyFailures++;
        partial.Free(stack.Pool);
        _ = _packets.Remove(partial);
    }

    private sealed class Partial(FragmentInfo first, long expires, PacketBuffer data)
    {
        private readonly RangeSet _ranges = new();
        private int _length = -1; // known with the last fragment
        private bool _hasHeader;
        private byte[] _header = [];

        public IPHeader Header { get; } = first.Header;

        public uint Identification { get; } = first.Identification;

        public long Expires { get; } = expires;

        public bool IsComplete => _length >= 0 && _hasHeader && _ranges.Count == 1 && _ranges[0] == (0, _length);

        /// <summary>False when it does not fit to the others.</summary>
        public bool Add(in FragmentInfo fragment, ReadOnlySpan<byte> packet)
        {
            var payload = packet[fragment.DataStart..];
            var end = fragment.Offset + payload.Length;
            if ((!fragment.More && _length >= 0 && _length != end) || (_length >= 0 && end > _length) || (!fragment.More && _ranges.End > end)
                || !_ranges.Add(fragment.Offset, end, out var overlaps) || overlaps)
            {
                return false;
            }

            if (!fragment.More)
            {
                _length = end;
            }

            if (fragment.Offset == 0)
            {
                _hasHeader = true;
                _header = packet[..fragment.HeaderLength].ToArray();
            }

            payload.CopyTo(data.Data.AsSpan(PacketBuffer.Headroom + fragment.Offset));
            return true;
        }

        /// <summary>The whole packet: its first header, and its data at <paramref name="dataStart"/>.</summary>
        public PacketBuffer Build(PacketPool pool, int dataStart)
        {
            var whole = pool.Rent(dataStart + _length);
            var bytes = whole.Bytes;
            bytes[..dataStart].Clear();
            _header.AsSpan(0, Math.Min(_header.Length, dataStart)).CopyTo(bytes);
            data.Data.AsSpan(PacketBuffer.Headroom, _length).CopyTo(bytes[dataStart..]);
            return whole;
        }

        public void Free(PacketPool pool) => pool.Return(data);
    }
}
