using System.Formats.Tar;
using System.IO;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet;

/// <summary>
/// A tree of files of a jail as a tar archive: what it sees at a path, but of file systems that are no files (proc, sys, dev) only the places.
/// It is read while programs run; a file that shrinks meanwhile is filled with zeros, as tar(1) does.
/// </summary>
internal sealed class JailArchive(Kernel.Kernel kernel, KernelCaller caller, Jail jail)
{
    private const int LongestName = 4095; // PATH_MAX less its end: nobody could make a longer one of it

    private readonly Dictionary<(ulong Device, ulong Number), string> _links = [];

    /// <summary>Directories below its root that are no part of its system: others share them, or programs mounted something there.</summary>
    internal static List<string> Foreign(Jail jail)
        => [.. jail.Mounts.List().Where(static mount => mount.Parent is not null && FileTree.Is(mount.FileSystem))
            .Select(mount => VirtualFileSystem.GetPath(new VfsPath(mount, mount.Root), jail.Mounts.Root))
            .OfType<string>().Where(static path => !IsOfSystem(path) && !path.StartsWith("/dev/", StringComparison.Ordinal)).Select(ByteString.ToText).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>All that it sees at a path, whatever is mounted there.</summary>
    internal void Write(string path, Stream archive) => Write(path, archive, static _ => true);

    /// <summary>Its root and the directories of programs and settings, of which each may be a mount; of what else is mounted the places.</summary>
    internal void WriteSystem(Stream archive) => Write("/", archive, IsOfSystem);

    private static bool IsOfSystem(string path) => RootBuilder.SystemDirectories.Contains(path);

    private void Write(string path, Stream archive, Func<string, bool> isWanted)
    {
        var root = jail.Mounts.Root;
        if (!kernel.Vfs.Lookup(new WalkContext(caller, root, root), ByteString.FromText(path), WalkFlags.None).Ok(out var place, out var error))
        {
            throw new DragonetException($"{path}: {(error == Errno.ENOENT ? "there is no such file in the jail" : error)}");
        }

        using var writer = new TarWriter(archive, TarEntryFormat.Pax, leaveOpen: true);

        // No recursion: how deep a tree is, is up to the jail.
        var rest = new Stack<(VfsPath Directory, string Child, string Name)>();
        Write(writer, place, Path.GetFileName(path.TrimEnd('/')), rest);
        while (rest.TryPop(out var next))
        {
            var context = new WalkContext(caller, next.Directory, next.Directory);
            if (kernel.Vfs.Lookup(context, next.Child, WalkFlags.None).Ok(out var inside, out _))
            {
                var isShown = inside.Mount == next.Directory.Mount || (FileTree.Is(inside.Mount.FileSystem) && isWanted("/" + next.Name));
                Write(writer, inside, next.Name, isShown ? rest : null);
            }
        }
    }

    /// <param name="writer">The archive.</param>
    /// <param name="place">The file.</param>
    /// <param name="name">Its name in the archive; empty for a directory that is not in it itself.</param>
    /// <param name="rest">Gets what is in a directory; null when that is left out, as are files that somebody mounted there.</param>
    private void Write(TarWriter writer, VfsPath place, string name, Stack<(VfsPath Directory, string Child, string Name)>? rest)
    {
        if (place.Dentry.Inode is not { } inode || !inode.GetAttributes().Ok(out var attributes) || (rest is null && !inode.IsDirectory))
        {
            return; // it went meanwhile
        }

        if (name.Length > LongestName)
        {
            throw new DragonetException($"{name[..60]}…: the name is longer than {LongestName} bytes");
        }

        if (name.Length > 0 && Entry(place, inode, attributes, name) is { } entry)
        {
            entry.Uid = (int)attributes.Uid;
            entry.Gid = (int)attributes.Gid;
            entry.ModificationTime = DateTimeOffset.UnixEpoch.AddTicks(attributes.ModifyTime / 100);
            if (!inode.IsSymbolicLink)
            {
                entry.Mode = (UnixFileMode)(attributes.Mode & StatMode.S_IALLUGO);
            }

            using var content = entry.DataStream;
            writer.WriteEntry(entry);
        }

        if (inode.IsDirectory && rest is not null)
        {
            foreach (var child in List(place).Reverse<string>())
            {
                rest.Push((place, child, name.Length > 0 ? $"{name}/{ByteString.ToText(child)}" : ByteString.ToText(child)));
            }
        }
    }

    private PaxTarEntry? Entry(VfsPath place, Inode inode, InodeAttributes attributes, string name)
    {
        switch (attributes.Mode & StatMode.S_IFMT)
        {
            case StatMode.S_IFDIR:
                return new PaxTarEntry(TarEntryType.Directory, name + "/");
            case StatMode.S_IFLNK:
                return inode.ReadLink(caller).Ok(out var target, out _) && target.Length > 0 ? new PaxTarEntry(TarEntryType.SymbolicLink, name) { LinkName = ByteString.ToText(target) } : null;
            case StatMode.S_IFREG when attributes.Links > 1 && !_links.TryAdd((attributes.Device, attributes.Number), name):
                return new PaxTarEntry(TarEntryType.HardLink, name) { LinkName = _links[(attributes.Device, attributes.Number)] };
            case StatMode.S_IFREG:
                return kernel.Vfs.OpenAt(caller, place, OpenFlags.O_RDONLY).Ok(out var file, out _)
                    ? new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new OpenFileStream(caller, file, attributes.Size) }
                    : null;
            case StatMode.S_IFIFO:
                return new PaxTarEntry(TarEntryType.Fifo, name);
            default:
                return null; // sockets and devices mean nothing elsewhere
        }
    }

    private List<string> List(VfsPath place)
    {
        var names = new NameList();
        if (kernel.Vfs.OpenAt(caller, place, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY).Ok(out var directory, out _))
        {
            int before;
            do
            {
                before = names.Names.Count;
            }
            while (directory.ReadDirectory(caller, names).IsOk && names.Names.Count > before);

            directory.Release();
        }

        return [.. names.Names.Where(name => name is not ("." or "..")).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    private sealed class NameList : IDirectorySink
    {
        internal List<string> Names { get; } = [];

        public bool Add(string name, ulong inode, long next, byte type)
        {
            Names.Add(name);
            return true;
        }
    }

    /// <summary>So many bytes of an open file.</summary>
    private sealed class OpenFileStream(KernelCaller caller, OpenFile file, long length) : ReadOnlyStream(length)
    {
        protected override int ReadAt(Span<byte> buffer, long offset)
        {
            if (file.ReadAt(caller, buffer, offset).Ok(out var count, out var error) && count > 0)
            {
                return count;
            }

            if (error is not Errno.OK)
            {
                throw new IOException($"read: {error}");
            }

            buffer.Clear(); // it has shrunk
            return buffer.Length;
        }

        protected override void Close(bool disposing) => file.Release();
    }
}
