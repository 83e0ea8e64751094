using System.Text;
using Dragonet.Abi;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>/proc/PID/mounts, mountinfo and mountstats: the mounts that the process can reach.</summary>
internal static class MountsText
{
    private static readonly (MountFlags Flag, string Name)[] s_flags =
    [
        (MountFlags.MS_NOSUID, "nosuid"), (MountFlags.MS_NODEV, "nodev"), (MountFlags.MS_NOEXEC, "noexec"), (MountFlags.MS_NOATIME, "noatime"),
        (MountFlags.MS_NODIRATIME, "nodiratime"), (MountFlags.MS_RELATIME, "relatime"), (MountFlags.MS_NOSYMFOLLOW, "nosymfollow"),
    ];

    /// <summary>fstab(5) lines.</summary>
    internal static string Mounts(Subject subject, ICaller caller)
        => Each(subject, static (mount, path)
            => $"{Escape(mount.SourceName)} {Escape(path)} {Escape(mount.FileSystem.TypeName)} {Options(mount, mount.IsReadOnly)}{Own(mount)} 0 0\n");

    /// <summary>proc_pid_mountinfo(5).</summary>
    internal static string Info(Subject subject, ICaller caller)
        => Each(subject, static (mount, path) =>
        {
            var device = mount.DeviceOverride ?? mount.FileSystem.Device;
            return $"{mount.Id} {mount.Parent?.Id ?? 1} {DeviceNumber.Major(device)}:{DeviceNumber.Minor(device)} {Escape(Inside(mount))} {Escape(path)} "
                + $"{Options(mount, mount.Has(MountFlags.MS_RDONLY))} - {mount.FileSystem.TypeName} {Escape(mount.SourceName)} "
                + $"{(mount.FileSystem.IsReadOnly ? "ro" : "rw")}{Own(mount)}\n";
        });

    /// <summary>proc_pid_mountstats(5).</summary>
    internal static string Statistics(Subject subject, ICaller caller)
        => Each(subject, static (mount, path) => $"device {Escape(mount.SourceName)} mounted on {Escape(path)} with fstype {mount.FileSystem.TypeName}\n");

    private static string Each(Subject subject, Func<Mount, string, string> line)
    {
        var root = subject.Task.Fs.Root;
        var text = new StringBuilder();
        foreach (var mount in subject.Task.Mounts.List())
        {
            var place = new VfsPath(mount, mount.Root);
            // The root of a jail's own mounts is all that it sees of them, unless it may see more.
            if (VirtualFileSystem.IsReachable(place, root) && (mount.Parent is null || subject.Process.Jail.SeesMounts))
            {
                _ = text.Append(line(mount, VirtualFileSystem.GetPath(place, root)));
            }
        }

        return text.ToString();
    }

    /// <summary>The path of a mount's root inside its file system.</summary>
    private static string Inside(Mount mount)
    {
        var path = "";
        for (var dentry = mount.Root; dentry.Parent is { } parent; dentry = parent)
        {
            path = "/" + dentry.Name + path;
        }

        return path.Length == 0 ? "/" : mount.Root.IsDeleted ? path + "//deleted" : path;
    }

    private static string Options(Mount mount, bool readOnly)
    {
        var text = readOnly ? "ro" : "rw";
        foreach (var (flag, name) in s_flags)
        {
            if (mount.Has(flag))
            {
                text += "," + name;
            }
        }

        return text;
    }

    private static string Own(Mount mount) => mount.FileSystem.Options is { Length: > 0 } options ? "," + options : "";

    private static string Escape(string text)
    {
        if (text.Length == 0)
        {
            return "none";
        }

        return text.AsSpan().IndexOfAny(" \t\n\\#") < 0 ? text
            : text.Replace("\\", "\\134", StringComparison.Ordinal).Replace(" ", "\\040", StringComparison.Ordinal)
                .Replace("\t", "\\011", StringComparison.Ordinal).Replace("\n", "\\012", StringComparison.Ordinal).Replace("#", "\\043", StringComparison.Ordinal);
    }
}
