using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>What a task enters with unshare(2), setns(2) or clone(2): prepared, and counted for the task that takes it.</summary>
/// <param name="Credentials">Who the task is then.</param>
/// <param name="Mounts">Its mounts.</param>
/// <param name="Fs">Its root and working directory, in these mounts.</param>
public sealed record NamespaceSet(Credentials Credentials, MountNamespace Mounts, FsContext Fs);
