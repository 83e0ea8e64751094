using Dragonet.Vfs;

namespace Dragonet;

/// <summary>File systems that hold somebody's files, and not what a kernel shows of itself (proc, sys, devices, cgroups).</summary>
internal static class FileTree
{
    internal static bool Is(FileSystem fileSystem) => fileSystem.TypeName is "overlay" or "tmpfs" or "rootfs" or "hostfs" or "userfs";
}
