using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>Makes a nameless file in memory (memfd_create(2), shared anonymous memory, System V segments).</summary>
/// <param name="caller">Its owner.</param>
/// <param name="name">What /proc shows: "/memfd:NAME", "/SYSV00000000".</param>
/// <param name="mode">Permission bits.</param>
/// <param name="flags">Access mode and status flags of the open file.</param>
/// <param name="seals">The first seals.</param>
public delegate Result<OpenFile> MemoryFileFactory(ICaller caller, string name, uint mode, OpenFlags flags, SealFlags seals);
