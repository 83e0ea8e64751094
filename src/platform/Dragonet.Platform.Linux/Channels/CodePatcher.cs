using System.Buffers.Binary;

namespace Dragonet.Platform.Linux.Channels;

/// <summary>
/// Turns system-call sites of a program's code into jumps to the channel. The shapes, as C libraries have them:
/// <c>mov eax, number; syscall</c>, of which the first instruction (five bytes, as a jump has) is replaced and the second stays, for those
/// who jump to it and for calls that are made after all; the same with one instruction in between (<see cref="EarlyNumber"/>), of which the
/// trampoline has a copy; and <c>xor eax, eax; syscall; cmp rax, -4096</c>, read(2), or any number and
/// <c>syscall; cmp rax, -4095</c>, syscall(2), which are replaced with the comparison, provided that nobody jumps into them. Between a site and the channel lies a trampoline that knows the site; trampolines
/// are put where the last page of the segment is unused.
/// </summary>
internal sealed class CodePatcher
{
    private const int MovSize = 5;
    private const int ReadSize = 10;        // xor, syscall, cmp
    private const int AnySize = 8;          // syscall, cmp

    private readonly int[] _ranks = ChannelCalls.MakeRanks();
    private readonly ulong _entry;

    /// <param name="entry">Where trampolines go.</param>
    internal CodePatcher(ulong entry) => _entry = entry;

    private static ReadOnlySpan<byte> Syscall => [0x0f, 0x05];

    private static ReadOnlySpan<byte> Compare => [0x48, 0x3d, 0x00, 0xf0, 0xff, 0xff];

    private static ReadOnlySpan<byte> CompareAny => [0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff];

    /// <summary>Patches what there is room for.</summary>
    /// <param name="image">The pages of an executable segment.</param>
    /// <param name="start">First byte of the segment.</param>
    /// <param name="end">Behind its last byte; what follows to the end of the pages is used when it is empty.</param>
    /// <returns>The number of sites patched.</returns>
    internal int Patch(Span<byte> image, int start, int end)
    {
        if (end >= image.Length || image[end..].ContainsAnyExcept((byte)0))
        {
            return 0;
        }

        var sites = FindSites(image[..end], start);
        if (sites.Count == 0)
        {
            return 0;
        }

        sites.Sort((left, right) => (Rank(left.Number), left.Position).CompareTo((Rank(right.Number), right.Position)));
        var trampolines = new Trampolines(image, end, _entry);
        var count = 0;
        foreach (var (position, number, whole, between) in sites)
        {
            var tail = !whole ? default : number == Trampolines.AnyNumber ? CompareAny : Compare;
            var size = number == Trampolines.AnyNumber ? AnySize : ReadSize;
            count += trampolines.TryAdd(position, number, between, tail, position + size) ? 1 : 0;
        }

        return count;
    }

    private List<Site> FindSites(ReadOnlySpan<byte> code, int start)
    {
        var sites = new List<Site>();
        var inner = false;
        for (var at = start; ;)
        {
            var next = code[at..].IndexOf(Syscall);
            if (next < 0)
            {
                break;
            }

            at += next;
            if (at - start > MovSize && code[at - MovSize] == 0xb8 && !IsPrefix(code[at - MovSize - 1]))
            {
                var number = BinaryPrimitives.ReadUInt32LittleEndian(code[(at - 4)..]);
                if (number < ChannelCalls.TableSize && _ranks[number] >= 0)
                {
                    sites.Add(new(at - MovSize, (int)number, false, 0));
                }
            }
            else if (at - start > 2 && code[at - 2] == 0x31 && code[at - 1] == 0xc0 && !IsPrefix(code[at - 3]) && code[(at + 2)..].StartsWith(Compare))
            {
                sites.Add(new(at - 2, 0, true, 0));
                inner = true;
            }
            else if (code[(at + 2)..].StartsWith(CompareAny))
            {
                sites.Add(new(at, Trampolines.AnyNumber, true, 0));
                inner = true;
            }

            else if (EarlyNumber.Find(code, start, at, out var between, out var early) && !IsPrefix(code[at - between - MovSize - 1]) && _ranks[early] >= 0)
            {
                sites.Add(new(at - between - MovSize, early, false, between));
            }

            at += 2;
        }

        if (inner)
        {
            RemoveJumpTargets(code, start, sites);
        }

        return sites;
    }

    // One site of syscall(2) makes any call, so it comes first where there is little room.
    private int Rank(int number) => number == Trampolines.AnyNumber ? -1 : _ranks[number];

    /// <summary>A byte that would make the next instruction another one: REX, operand size, segments, repeats.</summary>
    private static bool IsPrefix(byte value) => value is (>= 0x40 and <= 0x4f) or 0x66 or 0x67 or 0x64 or 0x65 or 0xf0 or 0xf2 or 0xf3 or 0x2e or 0x36 or 0x3e or 0x26;

    /// <summary>Leaves out the sites into which a jump may go. Every byte that could begin a jump counts as one: too many is harmless.</summary>
    private static void RemoveJumpTargets(ReadOnlySpan<byte> code, int start, List<Site> sites)
    {
        var inner = new HashSet<int>();
        foreach (var site in sites)
        {
            if (site.Whole)
            {
                _ = inner.Add(site.Position + 2);
                if (site.Number != Trampolines.AnyNumber)
                {
                    _ = inner.Add(site.Position + 4);
                }
            }
        }

        var hit = new HashSet<int>();
        foreach (var target in inner)
        {
            for (var at = Math.Max(start, target - 129); at < Math.Min(code.Length - 1, target + 127); at++)
            {
                if (code[at] is (>= 0x70 and <= 0x7f) or 0xeb or (>= 0xe0 and <= 0xe3) && at + 2 + (sbyte)code[at + 1] == target)
                {
                    _ = hit.Add(target);
                }
            }
        }

        for (var at = start; at + 6 <= code.Length;)
        {
            var next = code[at..^5].IndexOfAny((byte)0xe8, (byte)0xe9, (byte)0x0f);
            if (next < 0)
            {
                break;
            }

            at += next;
            var length = code[at] == 0x0f ? 6 : 5;
            if (length == 5 || code[at + 1] is >= 0x80 and <= 0x8f)
            {
                var target = (long)at + length + BinaryPrimitives.ReadInt32LittleEndian(code[(at + length - 4)..]);
                if (target is >= 0 and <= int.MaxValue && inner.Contains((int)target))
                {
                    _ = hit.Add((int)target);
                }
            }

            at++;
        }

        _ = sites.RemoveAll(site => site.Whole && (hit.Contains(site.Position + 2) || hit.Contains(site.Position + 4)));
    }

    /// <param name="Position">Of the first byte to be replaced.</param>
    /// <param name="Number">Of the call, or <see cref="Trampolines.AnyNumber"/>.</param>
    /// <param name="Whole">The system-call instruction goes, too.</param>
    /// <param name="Between">Bytes between the number and the system-call instruction.</param>
    private readonly record struct Site(int Position, int Number, bool Whole, int Between);
}
