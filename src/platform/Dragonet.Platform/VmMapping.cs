namespace Dragonet.Platform;

/// <summary>One mapping to be made at a fixed address.</summary>
/// <param name="Address">Where, page aligned.</param>
/// <param name="Length">Bytes, whole pages.</param>
/// <param name="Protection">Access.</param>
/// <param name="Flags">How; <see cref="VmMapFlags.Fixed"/> is implied.</param>
/// <param name="Backing">What; null for anonymous memory.</param>
/// <param name="Offset">Where in the backing, page aligned.</param>
public readonly record struct VmMapping(ulong Address, ulong Length, VmProt Protection, VmMapFlags Flags, IMemoryBacking? Backing, long Offset);
