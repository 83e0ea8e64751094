using System.Buffers.Binary;

namespace Dragonet.Platform.Linux.Channels;

/// <summary>
/// Writes the ways from patched sites to the channel, as short as they can be: the room behind a segment is often a few hundred bytes. The
/// first site of a number runs on into the part that loads it; the others jump there. One that knows the way to the channel serves as many
/// parts as can reach it with a short jump.
/// </summary>
internal ref struct Trampolines
{
    /// <summary>Instead of the number: whatever is in eax.</summary>
    internal const int AnyNumber = -1;

    private const int LoadSize = 7;         // lea rcx, [again]
    private const int NumberSize = 5;       // mov eax, number
    private const int LeaveSize = 6;        // jmp [entry]
    private const int NearSize = 5, ShortSize = 2;
    private const int TailSize = 13;        // syscall; cmp rax, …; jmp back

    private readonly Span<byte> _image;
    private readonly int _pointer;
    private int _at;
    private int _leave = -1;
    private int _part = -1;
    private int _number;

    /// <param name="image">Pages of code.</param>
    /// <param name="at">From here on they are unused.</param>
    /// <param name="entry">Where the channel's code begins.</param>
    internal Trampolines(Span<byte> image, int at, ulong entry)
    {
        _image = image;
        _pointer = (at + 7) & ~7;
        _at = _pointer + 8;
        if (_at <= image.Length)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(image[_pointer..], entry);
        }
    }

    /// <summary>Turns a site into a jump. The sites of one number come one after the other.</summary>
    /// <param name="position">Of the first byte to be replaced.</param>
    /// <param name="number">Of the call, or <see cref="AnyNumber"/>.</param>
    /// <param name="between">Bytes of an instruction between the number and the system-call instruction, which is copied.</param>
    /// <param name="tail">What replaced instructions follow the system-call instruction: a comparison, made here; empty when that one stays.</param>
    /// <param name="end">Where the program goes on behind a tail.</param>
    /// <returns>False when there is no room for it.</returns>
    internal bool TryAdd(int position, int number, int between, scoped ReadOnlySpan<byte> tail, int end)
    {
        var isKnown = _part >= 0 && _number == number;
        var needed = LoadSize + between + (tail.IsEmpty ? 0 : TailSize) + (isKnown ? NearSize : NumberSize + LeaveSize);
        if (_at + needed > _image.Length)
        {
            return false;
        }

        var again = position + NearSize + between; // the system-call instruction, which stays
        if (!tail.IsEmpty)
        {
            again = _at;
            Put([0x0f, 0x05]);
            Put(tail);
            PutNear(end);
        }

        var trampoline = _at;
        _at += between;
        EarlyNumber.Copy(_image, position + NearSize, trampoline, between);
        Put([0x48, 0x8d, 0x0d]);
        PutDistance(again);
        if (isKnown)
        {
            PutJump(_part);
        }
        else
        {
            PutPart(number);
        }

        _image[position] = 0xe9;
        BinaryPrimitives.WriteInt32LittleEndian(_image[(position + 1)..], trampoline - (position + NearSize));
        return true;
    }

    private void PutPart(int number)
    {
        (_part, _number) = (_at, number);
        if (number != AnyNumber)
        {
            _image[_at++] = 0xb8; // mov eax, number
            BinaryPrimitives.WriteInt32LittleEndian(_image[_at..], number);
            _at += 4;
        }

        if (_leave >= 0 && IsShort(_leave))
        {
            PutJump(_leave);
            return;
        }

        _leave = _at;
        Put([0xff, 0x25]);
        PutDistance(_pointer);
    }

    private readonly bool IsShort(int target) => target - (_at + ShortSize) is >= sbyte.MinValue and <= sbyte.MaxValue;

    private void PutJump(int target)
    {
        if (IsShort(target))
        {
            Put([0xeb, unchecked((byte)(target - (_at + ShortSize)))]);
        }
        else
        {
            PutNear(target);
        }
    }

    private void PutNear(int target)
    {
        _image[_at++] = 0xe9;
        PutDistance(target);
    }

    // The last four bytes of an instruction: how far it is from behind them.
    private void PutDistance(int target)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_image[_at..], target - (_at + 4));
        _at += 4;
    }

    private void Put(scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_image[_at..]);
        _at += bytes.Length;
    }
}
