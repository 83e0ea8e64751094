using Dragonet.Abi;

namespace Dragonet.Net;

/// <summary>Packet sockets that share what passes: each frame goes to one of them (PACKET_FANOUT of packet(7)). Fragments are not put together first;
/// all of a packet go to the same one, by its addresses.</summary>
/// <param name="stack">Where it is.</param>
/// <param name="id">Its number.</param>
/// <param name="mode">How a member is chosen: PACKET_FANOUT_*.</param>
/// <param name="flags">PACKET_FANOUT_FLAG_*.</param>
internal sealed class FanoutGroup(Stack stack, ushort id, byte mode, ushort flags)
{
    /// <summary>Most members (PACKET_FANOUT_MAX was 256 before Linux 5.14, and is the default since).</summary>
    public const int MaxMembers = 256;

    private readonly List<PacketSocket> _members = [];
    private uint _turn;

    public ushort Id => id;

    public byte Mode => mode;

    public ushort Flags => flags;

    public int Count => _members.Count;

    /// <summary>Its first member, which all frames are shown to in the name of all.</summary>
    public PacketSocket First => _members[0];

    /// <summary>Frames that another member took than the one whose turn it was (PACKET_ROLLOVER_STATS).</summary>
    public (ulong All, ulong Failed) Rolled { get; private set; }

    public void Add(PacketSocket member) => _members.Add(member);

    public void Remove(PacketSocket member) => _ = _members.Remove(member);

    /// <summary>Who gets a frame (packet_rcv_fanout of Linux). Processors and queues there is one of each.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="network">Where its network header begins.</param>
    public PacketSocket Choose(ReadOnlySpan<byte> frame, int network)
    {
        var count = (uint)_members.Count;
        var index = mode switch
        {
            PacketOption.PACKET_FANOUT_HASH => (uint)(FlowHash.Of(stack, frame[network..]) % count),
            PacketOption.PACKET_FANOUT_LB => _turn++ % count,
            PacketOption.PACKET_FANOUT_RND => (uint)(stack.Options.Random() % count),
            PacketOption.PACKET_FANOUT_ROLLOVER => Math.Min(_turn, count - 1),
            _ => 0u,
        };
        if (mode != PacketOption.PACKET_FANOUT_ROLLOVER && (flags & PacketOption.PACKET_FANOUT_FLAG_ROLLOVER) == 0)
        {
            return _members[(int)index];
        }

        for (var i = 0u; i < count; i++)
        {
            var candidate = (index + i) % count;
            if (_members[(int)candidate].HasRoom)
            {
                Rolled = i == 0 ? Rolled : (Rolled.All + 1, Rolled.Failed);
                _turn = mode == PacketOption.PACKET_FANOUT_ROLLOVER ? candidate : _turn;
                return _members[(int)candidate];
            }
        }

        Rolled = (Rolled.All, Rolled.Failed + 1);
        return _members[(int)index];
    }
}
