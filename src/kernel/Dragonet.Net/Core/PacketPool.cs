using System.Buffers;

namespace Dragonet.Net;

/// <summary>Packets of one stack for reuse. Their memory comes from the process-wide pool of arrays, so an idle stack holds none.</summary>
internal sealed class PacketPool
{
    private const int MaxSpare = 64;

    private readonly Stack<PacketBuffer> _spare = new();

    /// <summary>Packets that are somewhere in the stack.</summary>
    public int InUse { get; private set; }

    /// <summary>A packet with so many bytes, and room in front.</summary>
    public PacketBuffer Rent(int length)
    {
        InUse++;
        var packet = _spare.TryPop(out var spare) ? spare : new PacketBuffer();
        packet.Data = ArrayPool<byte>.Shared.Rent(PacketBuffer.Headroom + length);
        packet.Start = PacketBuffer.Headroom;
        packet.Length = length;
        packet.Reset();
        return packet;
    }

    /// <summary>A packet with a copy of these bytes.</summary>
    public PacketBuffer Copy(ReadOnlySpan<byte> bytes)
    {
        var packet = Rent(bytes.Length);
        bytes.CopyTo(packet.Bytes);
        return packet;
    }

    /// <summary>A packet came that another stack has made.</summary>
    public void Adopt() => InUse++;

    /// <summary>A packet went to another stack.</summary>
    public void Release() => InUse--;

    /// <summary>A packet on its way between two stacks is lost.</summary>
    public static void Discard(PacketBuffer packet)
    {
        ArrayPool<byte>.Shared.Return(packet.Data);
        packet.Data = [];
    }

    public void Return(PacketBuffer packet)
    {
        InUse--;
        if (packet.Data.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(packet.Data);
        }

        packet.Data = [];
        packet.Input = null;
        packet.Options = null;
        if (_spare.Count < MaxSpare)
        {
            _spare.Push(packet);
        }
    }
}
