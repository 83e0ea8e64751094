using System.IO;
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
    internal static IEnumerable<FileGrant> OfRuntime() => s_runtime.Append(AppContext.BaseDirectory).Append(RuntimeEnvironment.GetRuntimeDirectory()).Select(static path => new FileGrant(path, FileRights.Read));

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

            foreach (var grant in Public(new DirectoryInfo(directory)).Grants)
            {
                yield return grant;
            }
        }
    }

    /// <summary>
    /// What everybody may read, in as few grants as possible: a directory without secrets is one. For root and /etc, where passwords and
    /// keys are; an ordinary user's rights keep them out of reach anyway.
    /// </summary>
    private static (bool Whole, List<FileGrant> Grants) Public(DirectoryInfo directory)
    {
        var whole = true;
        var grants = new List<FileGrant>();
        foreach (var entry in directory.EnumerateFileSystemInfos())
        {
            if (entry.LinkTarget is not null)
            {
                continue; // leads to something that is granted or not by itself
            }

            if ((entry.UnixFileMode & UnixFileMode.OtherRead) == 0)
            {
                whole = false;
            }
            else if (entry is DirectoryInfo child)
            {
                var inside = Public(child);
                whole &= inside.Whole;
                grants.AddRange(inside.Grants);
            }
            else
            {
                grants.Add(new FileGrant(entry.FullName, FileRights.Read));
            }
        }

        if (whole)
        {
            return (true, [new FileGrant(directory.FullName, FileRights.Read)]);
        }

        grants.Add(new FileGrant(directory.FullName, FileRights.List));
        return (false, grants);
    }
}
