using System.IO;
using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Platform.Linux.HostFiles;
using Dragonet.Platform.Linux.HostStreams;

namespace Dragonet;

/// <summary>This process on its host, for programs that keep a kernel.</summary>
public static class HostSide
{
    /// <summary>The user we are.</summary>
    public static uint UserId => HostDirectories.Identity.Uid;

    /// <summary>Gives a file of a directory, or the directory itself ("."), to a group. A user can do so for groups that it is in (chown(2)).</summary>
    /// <exception cref="DragonetException">It cannot.</exception>
    public static void GiveToGroup(string directory, string name, uint group)
    {
        const uint unchanged = uint.MaxValue;
        var error = Errno.OK;
        if (HostDirectories.Open(directory).Ok(out var opened, out error))
        {
            using (opened)
            {
                error = opened.SetOwner(name == "." ? "" : name, unchanged, group);
            }
        }

        if (error != Errno.OK)
        {
            throw new DragonetException($"{Path.Combine(directory, name)} cannot be given to group {group}: {error}");
        }
    }

    /// <summary>Whether a name is that of a UNIX socket.</summary>
    internal static bool IsSocket(string path)
    {
        const uint typeMask = 0xf000, socket = 0xc000; // S_IFMT, S_IFSOCK
        if (!HostDirectories.Open(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/").Ok(out var directory, out _))
        {
            return false;
        }

        using (directory)
        {
            return directory.GetAttributes(Path.GetFileName(path), out var attributes) == Errno.OK && (attributes.Mode & typeMask) == socket;
        }
    }

    /// <summary>Waits until the file is nobody else's, and has it until the result is disposed or the process ends (flock(2)).</summary>
    public static IDisposable TakeLock(string path) => HostLock.Take(path);

    /// <summary>Waits until nobody has the file.</summary>
    public static void WaitForRelease(string path) => HostLock.WaitForRelease(path);

    /// <summary>A file to whose end several may write at once; it is made when it is missing.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static Stream OpenLog(string path) => new FileStream(HostLog.Open(path), FileAccess.Write, bufferSize: 0);

    /// <summary>Leaves the terminal that we were started on; what we print goes to a file from now on.</summary>
    /// <param name="log">The file.</param>
    /// <param name="kept">A descriptor of the old output that stays open.</param>
    public static void Detach(string log, SafeHandle? kept = null)
    {
        using var nothing = File.OpenHandle("/dev/null");
        using var file = File.OpenHandle(log, FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        HostSession.Detach((int)nothing.DangerousGetHandle(), (int)file.DangerousGetHandle(), kept is null ? -1 : (int)kept.DangerousGetHandle());
    }
}
