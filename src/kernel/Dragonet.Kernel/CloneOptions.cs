using Dragonet.Abi;

namespace Dragonet.Kernel;

/// <summary>What clone(2) was asked for.</summary>
/// <param name="Flags">CLONE_*.</param>
/// <param name="ExitSignal">Signal for the parent at the end, or 0.</param>
/// <param name="Stack">New stack pointer, or 0.</param>
/// <param name="ParentTid">Where the parent gets the tid.</param>
/// <param name="ChildTid">Where the child gets the tid, or what is cleared at its exit.</param>
/// <param name="Tls">Thread pointer.</param>
public readonly record struct CloneOptions(CloneFlags Flags, int ExitSignal, ulong Stack, ulong ParentTid, ulong ChildTid, ulong Tls)
{
    /// <summary>A particular pid (clone3 set_tid), or 0.</summary>
    public int WantedTid { get; init; }

    internal bool Has(CloneFlags flag) => (Flags & flag) != 0;
}
