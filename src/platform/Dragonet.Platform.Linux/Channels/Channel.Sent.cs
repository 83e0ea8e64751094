using System.Buffers.Binary;
using Dragonet.Abi;

namespace Dragonet.Platform.Linux.Channels;

/// <summary>What the guest sent along: bytes of its memory, which the call then need not fetch from there.</summary>
internal sealed unsafe partial class Channel
{
    private readonly byte[] _sent = new byte[ChannelLayout.Capacity];
    private readonly (ulong Address, int Offset, int Length)[] _pieces = new (ulong, int, int)[1 + ChannelLayout.MaxVector];
    private int _pieceCount;

    /// <summary>Calls that came with these pages; whoever asks while there are more sees about how many.</summary>
    internal int Calls { get; private set; }

    /// <inheritdoc/>
    public Errno Read(ulong address, Span<byte> destination)
        => TryReadLarge(address, destination) || (TryReadSent(address, destination, out var count) && count == destination.Length)
            ? Errno.OK : Direct().Read(address, destination);

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

    /// <inheritdoc/>
    public Errno WriteVector(ReadOnlySpan<(ulong Address, int Length)> ranges, ReadOnlySpan<byte> source)
    {
        // With the answer only what the guest has found to be writable: else nobody would learn what could not be written.
        foreach (var (address, length) in ranges)
        {
            if (!FillsChecked || !TryFindSent(address, out _, out var left) || left < length)
            {
                return Direct().WriteVector(ranges, source);
            }
        }

        foreach (var (address, length) in ranges)
        {
            if (Write(address, source[..length]) is not Errno.OK and var error)
            {
                return error;
            }

            source = source[length..];
        }

        return Errno.OK;
    }

    /// <summary>Copies it in.</summary>
    /// <param name="length">How long it is, as the guest says.</param>
    /// <param name="kinds">Of <see cref="ChannelCalls.MakeTable"/>.</param>
    /// <param name="call">The call that it belongs to.</param>
    private void TakeSent(ushort length, ReadOnlySpan<byte> kinds, in SystemCall call)
    {
        var isLarge = TakeLarge(length, kinds, call);
        var total = isLarge || length == ChannelLayout.InWindow ? 0 : Math.Min((int)length, ChannelLayout.Capacity);
        new ReadOnlySpan<byte>(_pages + 0x1000, total).CopyTo(_sent);
        Calls++;
        _returned = 0;
        _parts = 0;
        _pieceCount = 0;
        FillsChecked = ChannelCalls.FillsChecked(kinds, call.Number, call.A2) || (isLarge && ChannelCalls.KindOf(kinds, call.Number) == ChannelKind.Fill1);
        switch (ChannelCalls.KindOf(kinds, call.Number))
        {
            case ChannelKind.Vector1:
                TakeVector(total, call);
                break;
            case ChannelKind.Select:
                FillsChecked = TakeSets(total, call);
                break;
            case var kind:
                AddPiece(kind switch { ChannelKind.Path0 => call.A0, ChannelKind.Lock2 => call.A2, ChannelKind.Event3 => call.A3, _ => call.A1 }, 0, total);
                break;
        }
    }

    private void AddPiece(ulong address, int offset, int length) => _pieces[_pieceCount++] = (address, offset, length);

    /// <summary>An array of struct iovec, and behind it what its entries name, as far as that is there.</summary>
    private void TakeVector(int total, in SystemCall call)
    {
        var array = (int)Math.Min(call.A2, ChannelLayout.MaxVector) * sizeof(iovec);
        AddPiece(call.A1, 0, Math.Min(array, total));
        var offset = array;
        for (var at = 0; at < array && offset <= total; at += sizeof(iovec))
        {
            var size = BinaryPrimitives.ReadUInt64LittleEndian(_sent.AsSpan(at + 8));
            if (size > (ulong)(total - offset))
            {
                break;
            }

            AddPiece(BinaryPrimitives.ReadUInt64LittleEndian(_sent.AsSpan(at)), offset, (int)size);
            offset += (int)size;
        }
    }

    /// <summary>Those of three sets, a timeout and the argument with the mask that the call has.</summary>
    /// <returns>False when they did not come along.</returns>
    private bool TakeSets(int total, in SystemCall call)
    {
        const int pair = 16; // struct timespec; an address and a size
        var set = (int)Math.Min(((uint)call.A0 + 63UL) / 64, ChannelLayout.MaxSetWords) * sizeof(ulong);
        var offset = 0;
        foreach (var (address, size) in (ReadOnlySpan<(ulong, int)>)[(call.A1, set), (call.A2, set), (call.A3, set), (call.A4, pair), (call.A5, pair)])
        {
            if (address != 0)
            {
                AddPiece(address, offset, size);
                offset += size;
            }
        }

        if (offset == total && total > 0)
        {
            return true;
        }

        _pieceCount = 0;
        return false;
    }

    private bool TryReadSent(ulong address, Span<byte> destination, out int count)
    {
        count = 0;
        if (!TryFindSent(address, out var offset, out var left))
        {
            return false;
        }

        count = Math.Min(destination.Length, left);
        _sent.AsSpan(offset, count).CopyTo(destination);
        return true;
    }

    /// <summary>Where something of the guest's memory is among what was sent, and how much from there on.</summary>
    private bool TryFindSent(ulong address, out int offset, out int left)
    {
        for (var i = 0; i < _pieceCount; i++)
        {
            var (start, at, length) = _pieces[i];
            if (address - start < (ulong)length)
            {
                var skip = (int)(address - start);
                (offset, left) = (at + skip, length - skip);
                return true;
            }
        }

        (offset, left) = (0, 0);
        return false;
    }
}
