namespace Dragonet.Kernel;

/// <summary>What makes two futex addresses the same futex: an address in one address space, or a place in shared memory.</summary>
/// <param name="Owner">The identity of an address space (<see cref="Process.MemoryId"/>) or the backing of shared memory.</param>
/// <param name="Offset">The address, or the offset in the backing.</param>
public readonly record struct FutexKey(object Owner, ulong Offset);
