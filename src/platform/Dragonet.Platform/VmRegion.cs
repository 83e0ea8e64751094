namespace Dragonet.Platform;

/// <summary>One mapping of an address space.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">First address after it.</param>
/// <param name="Protection">Access.</param>
/// <param name="Shared">MAP_SHARED.</param>
/// <param name="Offset">Offset in the backing.</param>
/// <param name="Backing">What backs it, when the platform knows; null for anonymous memory.</param>
/// <param name="Label">The host's label: "[heap]", "[vdso]", or empty.</param>
public sealed record VmRegion(ulong Start, ulong End, VmProt Protection, bool Shared, ulong Offset, IMemoryBacking? Backing, string Label);
