namespace Dragonet.Base;

/// <summary>A run of ids that a user namespace maps (user_namespaces(7), uid_map).</summary>
/// <param name="Inside">Its first id in the namespace.</param>
/// <param name="Outside">Its first id outside: in the parent as it is written, the kernel's own once it is in force.</param>
/// <param name="Count">How many ids.</param>
public readonly record struct IdExtent(uint Inside, uint Outside, uint Count)
{
    /// <summary>True when neither side goes beyond the last id, and some id is in it.</summary>
    public bool IsValid => Count != 0 && Inside <= uint.MaxValue - Count && Outside <= uint.MaxValue - Count;

    /// <summary>True when an id is in both, on either side.</summary>
    public bool Overlaps(in IdExtent other) => Overlap(Inside, Count, other.Inside, other.Count) || Overlap(Outside, Count, other.Outside, other.Count);

    private static bool Overlap(uint a, uint countA, uint b, uint countB) => (ulong)a < (ulong)b + countB && (ulong)b < (ulong)a + countA;
}
