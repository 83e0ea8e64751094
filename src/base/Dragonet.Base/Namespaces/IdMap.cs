using System.Globalization;

namespace Dragonet.Base;

/// <summary>Which ids of the kernel a user namespace has, and what it calls them. Immutable.</summary>
public sealed class IdMap
{
    /// <summary>The most lines of a map.</summary>
    public const int MaxExtents = 340;

    private readonly IdExtent[] _byInside;
    private readonly IdExtent[] _byOutside;

    /// <summary>A map of extents that do not overlap.</summary>
    public IdMap(IReadOnlyList<IdExtent> extents)
    {
        Extents = extents;
        _byInside = [.. extents.OrderBy(static extent => extent.Inside)];
        _byOutside = [.. extents.OrderBy(static extent => extent.Outside)];
    }

    /// <summary>As they were written.</summary>
    public IReadOnlyList<IdExtent> Extents { get; }

    /// <summary>The kernel's id for one of the namespace, or <see cref="UserNamespace.NoId"/>.</summary>
    public uint ToKernel(uint id) => ToKernel(id, 1);

    /// <summary>The kernel's first id for a run of ids of the namespace that lies in one extent, or <see cref="UserNamespace.NoId"/>.</summary>
    public uint ToKernel(uint first, uint count)
    {
        var (low, high) = (0, _byInside.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var extent = _byInside[middle];
            if (first < extent.Inside)
            {
                high = middle - 1;
            }
            else if (first - extent.Inside >= extent.Count)
            {
                low = middle + 1;
            }
            else
            {
                return count <= extent.Count - (first - extent.Inside) ? extent.Outside + (first - extent.Inside) : UserNamespace.NoId;
            }
        }

        return UserNamespace.NoId;
    }

    /// <summary>What the namespace calls an id of the kernel, or <see cref="UserNamespace.NoId"/>.</summary>
    public uint FromKernel(uint id)
    {
        var (low, high) = (0, _byOutside.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var extent = _byOutside[middle];
            if (id < extent.Outside)
            {
                high = middle - 1;
            }
            else if (id - extent.Outside >= extent.Count)
            {
                low = middle + 1;
            }
            else
            {
                return extent.Inside + (id - extent.Outside);
            }
        }

        return UserNamespace.NoId;
    }

    /// <summary>Reads the lines of uid_map and gid_map. Null for what is no map: nothing, words, ids out of range, extents that overlap, too many lines.</summary>
    public static IReadOnlyList<IdExtent>? Parse(string text)
    {
        var extents = new List<IdExtent>();
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (i == lines.Length - 1 && i > 0 && lines[i].Length == 0)
            {
                break; // behind the last newline
            }

            var words = lines[i].Split((char[])[' ', '\t', '\v', '\f', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length != 3 || extents.Count == MaxExtents || !Number(words[0], out var inside) || !Number(words[1], out var outside) || !Number(words[2], out var count))
            {
                return null;
            }

            var extent = new IdExtent(inside, outside, count);
            if (!extent.IsValid || inside == UserNamespace.NoId || outside == UserNamespace.NoId || extents.Exists(other => other.Overlaps(extent)))
            {
                return null;
            }

            extents.Add(extent);
        }

        return extents.Count == 0 ? null : extents;
    }

    private static bool Number(string text, out uint value) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
