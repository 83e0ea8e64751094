using System.IO;

namespace Dragonet.Guest.Tests;

/// <summary>A small system for jails that consists of several directories of the host: its root, its /etc, and one with data.</summary>
internal sealed class MountedSystem : IDisposable
{
    internal const string Path = "/srv/system";

    internal MountedSystem()
    {
        foreach (var directory in (string[])["root/dev", "root/proc", "root/sys", "root/srv", "etc", "data"])
        {
            _ = Directory.CreateDirectory(System.IO.Path.Combine(Place, directory));
        }

        HostTool.CopyPrograms(System.IO.Path.Combine(Place, "root"), "/bin/sh", "/bin/cat", "/bin/ln", "/bin/mkdir", "/bin/rm", "/bin/sleep");
        foreach (var file in (string[])["etc/changed", "etc/gone", "etc/kept", "data/given"])
        {
            File.WriteAllText(System.IO.Path.Combine(Place, file), System.IO.Path.GetFileName(file) + "\n");
        }
    }

    /// <summary>A directory of the host for all of it.</summary>
    internal string Place { get; } = Directory.CreateTempSubdirectory("system").FullName;

    /// <summary>For the kernel that is to have it.</summary>
    internal string[] Options => ["-v", $"{Place}/root:{Path}", "-v", $"{Place}/etc:{Path}/etc", "-v", $"{Place}/data:{Path}/data"];

    public void Dispose() => Directory.Delete(Place, recursive: true);
}
