using System.Globalization;
using System.Numerics;
using System.Text;

namespace Dragonet.Kernel;

/// <summary>A set of processors by their numbers, as cpuset(7) and sched_setaffinity(2) name them. Never changes.</summary>
public sealed class ProcessorSet : IEquatable<ProcessorSet>
{
    /// <summary>Numbers are below it (NR_CPUS).</summary>
    public const int MaxNumber = 8192;

    private readonly byte[] _mask;
    private readonly int[] _numbers;

    /// <param name="mask">Bit n of the bytes is processor n.</param>
    /// <remarks>Every boot makes some, long before it needs LINQ for anything else.</remarks>
    public ProcessorSet(ReadOnlySpan<byte> mask)
    {
        _mask = mask.TrimEnd((byte)0).ToArray();
        var count = 0;
        foreach (var bits in _mask)
        {
            count += BitOperations.PopCount(bits);
        }

        _numbers = new int[count];
        for (var (number, found) = (0, 0); found < count; number++)
        {
            if (Contains(number))
            {
                _numbers[found++] = number;
            }
        }
    }

    /// <summary>A set of these numbers.</summary>
    public static ProcessorSet Of(IEnumerable<int> numbers)
    {
        var mask = new byte[MaxNumber / 8];
        foreach (var number in numbers)
        {
            mask[number / 8] |= (byte)(1 << (number % 8));
        }

        return new ProcessorSet(mask);
    }

    /// <summary>Reads "0-3,7" (cpuset(7), list format).</summary>
    public static bool TryParse(string text, out ProcessorSet set)
    {
        var mask = new byte[MaxNumber / 8];
        set = new ProcessorSet(mask);
        foreach (var part in text.Split(','))
        {
            var ends = part.Split('-');
            if (ends.Length > 2 || !int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
                || !int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last) || last < first || last >= MaxNumber)
            {
                return false;
            }

            for (var number = first; number <= last; number++)
            {
                mask[number / 8] |= (byte)(1 << (number % 8));
            }
        }

        set = new ProcessorSet(mask);
        return true;
    }

    /// <summary>The numbers, ascending.</summary>
    public IReadOnlyList<int> Numbers => _numbers;

    /// <summary>How many.</summary>
    public int Count => _numbers.Length;

    /// <summary>The bits, up to the highest one that is set.</summary>
    public ReadOnlySpan<byte> Mask => _mask;

    /// <summary>Whether a processor is in it.</summary>
    public bool Contains(int number) => number >= 0 && number / 8 < _mask.Length && (_mask[number / 8] >> (number % 8) & 1) != 0;

    /// <summary>What is in both.</summary>
    public ProcessorSet And(ProcessorSet other) => Of(_numbers.Where(other.Contains));

    /// <summary>The first <paramref name="count"/> of it; when it has fewer, numbers that follow its last one are added.</summary>
    public ProcessorSet Take(int count)
    {
        if (count == Count)
        {
            return this;
        }

        var next = _numbers.Length == 0 ? 0 : _numbers[^1] + 1;
        return Of(_numbers.Concat(Enumerable.Range(next, Math.Max(0, count - _numbers.Length))).Take(count));
    }

    /// <summary>"0-3,7" (cpuset(7), list format).</summary>
    public string ToListText()
    {
        var text = new StringBuilder();
        for (var i = 0; i < _numbers.Length; i++)
        {
            var first = _numbers[i];
            while (i + 1 < _numbers.Length && _numbers[i + 1] == _numbers[i] + 1)
            {
                i++;
            }

            _ = text.Append(text.Length == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $"{first}");
            _ = first == _numbers[i] ? text : text.Append(CultureInfo.InvariantCulture, $"-{_numbers[i]}");
        }

        return text.ToString();
    }

    /// <summary>"ff,00000001" (cpuset(7), mask format): words of 32 bits, the highest first.</summary>
    public string ToMaskText()
    {
        var text = new StringBuilder();
        for (var word = Math.Max(0, (_mask.Length - 1) / 4); word >= 0; word--)
        {
            uint bits = 0;
            for (var i = 0; i < 4 && (word * 4) + i < _mask.Length; i++)
            {
                bits |= (uint)_mask[(word * 4) + i] << (8 * i);
            }

            _ = text.Length == 0 ? text.Append(CultureInfo.InvariantCulture, $"{bits:x}") : text.Append(CultureInfo.InvariantCulture, $",{bits:x8}");
        }

        return text.ToString();
    }

    /// <inheritdoc/>
    public bool Equals(ProcessorSet? other) => other is not null && _mask.AsSpan().SequenceEqual(other._mask);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ProcessorSet);

    /// <inheritdoc/>
    public override int GetHashCode() => _numbers.Length == 0 ? 0 : HashCode.Combine(_numbers.Length, _numbers[0], _numbers[^1]);
}
