using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>Opens a device node; access was checked.</summary>
/// <param name="caller">Who opens.</param>
/// <param name="device">The node's number.</param>
/// <param name="path">The node.</param>
/// <param name="flags">open(2) flags.</param>
public delegate Result<OpenFile> DeviceOpener(ICaller caller, ulong device, VfsPath path, OpenFlags flags);
