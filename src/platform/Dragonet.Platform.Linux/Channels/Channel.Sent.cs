using System.Buffers.Binary;
using Dragonet.Abi;

namespace Dragonet.Platform.Linux.Channels;

/// <summary>What the guest sent along: bytes of its memory, which the call then need not fetch from there.</summary>
internal sealed unsafe partial class Channel
{
    private readonly byte[] _sent = new byte[ChannelLayout.Capacity];
    private readonly (ulong Address, int Offset, int Length)[] _pieces = new (ulong, int, int)[1 + ChannelLayout.MaxVector];
    private ulong _sentAddress;
    private int _pieceCount;

    /// <inheritdoc/>
    public Errno Read(ulong address, Span<byte> destination)
        => TryReadSent(address, destination, out var count) && count == destination.Length ? Errno.OK : Direct().Read(address, destination);

    /// <inheritdoc/>
    public int ReadSome(ulong address, Span<byte> destination)
        => TryReadSent(address, destination, out var count) ? count : Direct().ReadSome(address, destination);

    /// <inheritdoc/>
    public Errno ReadVector(ReadOnlySpan<(ulong Address, int Length)> ranges, Span<byte> destination)
    {
        var rest = destination;
        foreach (var (address, length) in ranges)
        {
            if (!TryReadSent(address, rest[..length], out var count) || count != length)
            {
                return Direct().ReadVector(ranges, destination);
            }

            rest = rest[length..];
        }

        return Errno.OK;
    }

    /// <summary>Copies it in.</summary>
    /// <param name="length">How long it is, as the guest says.</param>
    /// <param name="vector">Entries of the array of struct iovec that it begins with; 0 when it is one piece.</param>
    private void TakeSent(ushort length, ulong vector)
    {
        var total = Math.Min(length, (ushort)ChannelLayout.Capacity);
        new ReadOnlySpan<byte>(_pages + 0x1000, total).CopyTo(_sent);
        _returned = 0;
        _parts = 0;
        var array = (int)Math.Min(vector, ChannelLayout.MaxVector) * sizeof(iovec);
        var (count, offset) = (1, array);
        _pieces[0] = (_sentAddress, 0, array == 0 ? total : Math.Min(array, total));
        for (var at = 0; at < array && offset <= total; at += sizeof(iovec))
        {
            var size = BinaryPrimitives.ReadUInt64LittleEndian(_sent.AsSpan(at + 8));
            if (size > (ulong)(total - offset))
            {
                break;
            }

            _pieces[count++] = (BinaryPrimitives.ReadUInt64LittleEndian(_sent.AsSpan(at)), offset, (int)size);
            offset += (int)size;
        }

        _pieceCount = count;
    }

    private bool TryReadSent(ulong address, Span<byte> destination, out int count)
    {
        count = 0;
        for (var i = 0; i < _pieceCount; i++)
        {
            var (start, offset, length) = _pieces[i];
            if (address - start < (ulong)length)
            {
                var skip = (int)(address - start);
                count = Math.Min(destination.Length, length - skip);
                _sent.AsSpan(offset + skip, count).CopyTo(destination);
                return true;
            }
        }

        return false;
    }
}
