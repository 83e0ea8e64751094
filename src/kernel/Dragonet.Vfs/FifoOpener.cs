using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>Opens one end of a FIFO; access was checked. The pipe is kept as the inode's attachment. Never sleeps: an end that
/// must wait for the other one is a <see cref="PendingOpen"/>.</summary>
public delegate Result<OpenFile> FifoOpener(ICaller caller, VfsPath path, OpenFlags flags);
