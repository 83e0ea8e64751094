namespace Dragonet.Platform;

/// <summary>Memory of an address space, in bytes.</summary>
/// <param name="Virtual">Size of all mappings.</param>
/// <param name="Resident">Pages present.</param>
/// <param name="Shared">Resident pages of files and shared memory.</param>
/// <param name="Data">Private writable mappings.</param>
public readonly record struct VmUsage(long Virtual, long Resident, long Shared, long Data);
