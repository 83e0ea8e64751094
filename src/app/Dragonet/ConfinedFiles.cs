using System.Runtime.InteropServices;
using Dragonet.Platform.Linux.Confinement;
using Dragonet.Platform.Linux.HostFiles;

namespace Dragonet;

/// <summary>The files of the host that a confined kernel process still needs: those of its guests, and those of the .NET runtime.</summary>
internal static class ConfinedFiles
{
    private static readonly string[] s_runtime =
    [
        "/proc", // of guests; strangers' secrets there are behind the check of ptrace(2), which Landlock answers with no
        "/sys/fs/cgroup", "/sys/devices/system/cpu", // the collector and the thread pool look for limits
        "/dev/urandom", "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/etc/localtime", "/etc/ld.so.cache",
    ];

    /// <summary>Those of the .NET runtime.</summary>
    internal static IEnumerable<FileGrant> OfRuntime()
    {
        foreach (var path in s_runtime)
        {
            yield return new FileGrant(path, FileRights.Read);
        }

        yield return new FileGrant(AppContext.BaseDirectory, FileRights.Read);
        yield return new FileGrant(RuntimeEnvironment.GetRuntimeDirectory(), FileRights.Read);
    }

    internal static IEnumerable<FileGrant> Of(KernelOptions options)
    {
        foreach (var grant in OfRuntime())
        {
            yield return grant;
        }

        foreach (var volume in options.Volumes)
        {
            yield return new FileGrant(volume.HostPath, volume.ReadOnly ? FileRights.Read : FileRights.Write);
        }

        if (options.Templates is { } templates)
        {
            yield return new FileGrant(templates, FileRights.Read);
        }

        if (options.Upper is { } upper)
        {
            // A grant needs something to name.
            UpperDirectory.Make(upper);
            yield return new FileGrant(upper, FileRights.Write);
        }

        if (options.Root is { } root)
        {
            yield return new FileGrant(root, FileRights.Read);
            yield break;
        }

        foreach (var directory in RootBuilder.SystemDirectories)
        {
            if (directory != "/etc" || HostDirectories.Identity.Uid != 0)
            {
                yield return new FileGrant(directory, FileRights.Read);
                continue;
            }

            foreach (var grant in PublicFiles.Below(directory))
            {
                yield return grant;
            }
        }
    }
}
