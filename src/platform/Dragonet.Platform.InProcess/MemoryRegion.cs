namespace Dragonet.Platform.InProcess;

/// <summary>One mapping.</summary>
/// <param name="Start">First address, a multiple of the page size.</param>
/// <param name="End">First address after it.</param>
/// <param name="Protection">Access.</param>
/// <param name="Shared">Writes reach the backing.</param>
/// <param name="Backing">Null for anonymous memory.</param>
/// <param name="Offset">Of the first byte in the backing.</param>
internal sealed record MemoryRegion(ulong Start, ulong End, VmProt Protection, bool Shared, IMemoryBacking? Backing, long Offset)
{
    /// <summary>The part between two addresses.</summary>
    internal MemoryRegion Between(ulong start, ulong end) => this with { Start = start, End = end, Offset = Offset + (long)(start - Start) };
}
