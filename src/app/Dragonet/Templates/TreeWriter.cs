using System.IO;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Hostfs;
using Dragonet.Platform;
using Dragonet.Platform.Linux.HostFiles;

namespace Dragonet.Templates;

/// <summary>
/// Makes a tree of files below a directory of the host out of names that nobody vouches for. Every step names one component and follows no
/// link of the host; links in the middle of a name lead where they would lead with the directory as root. So nothing outside is touched.
/// </summary>
internal sealed class TreeWriter : IDisposable
{
    private const int MostLinks = 40;
    private const uint FileMode = 0x1a4, DirectoryMode = 0x1ed;

    private readonly IHostDirectory _root;
    private readonly string _directory;
    private readonly TreeLimits _limits;
    private readonly bool _keepsOwners;
    private readonly byte[] _buffer = new byte[128 * 1024];

    internal TreeWriter(string directory, TreeLimits limits, bool keepsOwners = true)
    {
        _root = HostDirectories.Open(directory).Ok(out var opened, out var error) ? opened : throw new TemplateException($"{directory}: {error}");
        _directory = directory;
        _limits = limits;
        _keepsOwners = keepsOwners;
    }

    internal long Files { get; private set; }

    internal long Bytes { get; private set; }

    internal void MakeDirectory(string path, TreeOwner owner, long modified)
    {
        var parts = Split(path);
        if (parts.Count == 0)
        {
            SetOwner(_root, "", owner, path);
            return;
        }

        using var parent = OpenParent(parts, path);
        var name = parts[^1];
        if (parent.GetAttributes(name, out var known) == Errno.OK && (known.Mode & StatMode.S_IFMT) == StatMode.S_IFDIR)
        {
            SetOwner(parent, name, owner, path);
            return;
        }

        Make(parent, path, name, directory => directory.MakeDirectory(name, DirectoryMode));
        SetOwner(parent, name, owner, path);
        _ = parent.SetTimes(name, null, modified);
    }

    internal void MakeFile(string path, TreeOwner owner, long modified, long length, Stream? content)
    {
        _limits.CheckSize(Bytes += length, path);
        var parts = Named(path);
        using var parent = OpenParent(parts, path);
        var name = parts[^1];
        Replace(parent, name, path);
        Count(path);
        using (var file = parent.OpenFile(name, HostOpenMode.Write | HostOpenMode.CreateNew, FileMode).Ok(out var made, out var error) ? made : throw Failed(path, error))
        {
            var at = 0L;
            for (int count; content is not null && (count = content.Read(_buffer)) > 0; at += count)
            {
                for (var done = 0; done < count;)
                {
                    var wrote = file.WriteAt(at + done, _buffer.AsSpan(done, count - done));
                    done += wrote > 0 ? wrote : throw Failed(path, (Errno)(-wrote));
                }
            }

            if (at != length)
            {
                throw new TemplateException($"{path}: the archive ends in the middle of it");
            }
        }

        SetOwner(parent, name, owner, path);
        _ = parent.SetTimes(name, null, modified);
    }

    internal void MakeSymbolicLink(string path, string target, long modified)
    {
        var parts = Named(path);
        using var parent = OpenParent(parts, path);
        Make(parent, path, parts[^1], directory => directory.MakeSymbolicLink(parts[^1], ByteString.FromText(target)));
        _ = parent.SetTimes(parts[^1], null, modified);
    }

    /// <summary>One more name for a regular file of the tree; never for anything else.</summary>
    internal void MakeLink(string path, string target)
    {
        var from = Named(target);
        var parts = Named(path);
        using var source = OpenParent(from, target);
        if (source.GetAttributes(from[^1], out var known) != Errno.OK || (known.Mode & StatMode.S_IFMT) != StatMode.S_IFREG)
        {
            throw new TemplateException($"{path}: it is a hard link to {target}, which is no file of the archive");
        }

        using var parent = OpenParent(parts, path);
        if (parent.GetAttributes(parts[^1], out var old) == Errno.OK && old.Number == known.Number && old.Device == known.Device)
        {
            return; // a link to itself
        }

        Make(parent, path, parts[^1], directory => source.Link(from[^1], directory, parts[^1]));
    }

    internal void MakeFifo(string path, TreeOwner owner)
    {
        var parts = Named(path);
        using var parent = OpenParent(parts, path);
        Make(parent, path, parts[^1], directory => directory.MakeNode(parts[^1], StatMode.S_IFIFO | FileMode));
    }

    /// <summary>A layer hides what the layers below have.</summary>
    internal void Remove(string path)
    {
        var parts = Named(path);
        using var parent = OpenParent(parts, path);
        RemoveAll(parent, parts[^1], path);
    }

    /// <summary>A layer hides everything in a directory.</summary>
    internal void Clear(string path)
    {
        using var directory = OpenParent([.. Split(path), "."], path);
        foreach (var entry in directory.List().Ok(out var entries, out _) ? entries : [])
        {
            RemoveAll(directory, entry.Name, path);
        }
    }

    public void Dispose() => _root.Dispose();

    private void Make(IHostDirectory parent, string path, string name, Func<IHostDirectory, Errno> make)
    {
        Replace(parent, name, path);
        Count(path);
        if (make(parent) is not Errno.OK and var error)
        {
            throw Failed(path, error);
        }
    }

    private void Count(string path) => _limits.CheckCount(++Files, path);

    /// <summary>The later entry of a name wins, as with tar(1).</summary>
    private static void Replace(IHostDirectory parent, string name, string path)
    {
        if (parent.GetAttributes(name, out _) == Errno.OK)
        {
            RemoveAll(parent, name, path);
        }
    }

    private static void RemoveAll(IHostDirectory parent, string name, string path)
    {
        var error = parent.GetAttributes(name, out var known);
        if (error != Errno.OK)
        {
            return;
        }

        var isDirectory = (known.Mode & StatMode.S_IFMT) == StatMode.S_IFDIR;
        if (isDirectory && parent.OpenDirectory(name).Ok(out var inside, out _))
        {
            using (inside)
            {
                foreach (var entry in inside.List().Ok(out var entries, out _) ? entries : [])
                {
                    RemoveAll(inside, entry.Name, path);
                }
            }
        }

        error = parent.Remove(name, isDirectory);
        if (error != Errno.OK)
        {
            throw Failed(path, error);
        }
    }

    private void SetOwner(IHostDirectory parent, string name, TreeOwner owner, string path)
    {
        if (!_keepsOwners)
        {
            const uint ours = 0x1ff, ownerWrites = 0x80; // without set-user-id and its kin; what is in it still has to be made
            _ = name.Length == 0 ? Errno.OK : parent.SetMode(name, (owner.Permissions & ours) | ownerWrites);
            return;
        }

        if (parent.SetXattr(name, HostfsOptions.OwnerAttribute, owner.ToBytes(), 0) is not Errno.OK and var error)
        {
            throw error is Errno.EOPNOTSUPP ? new TemplateException($"{path}: the file system of the store has no extended attributes for users: choose a directory on ext4, xfs or btrfs ($DRAGONET_TEMPLATES)") : Failed(path, error);
        }
    }

    private static List<string> Split(string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").Select(ByteString.FromText).ToList();
        return parts.Contains("..") ? throw new TemplateException($"{path}: \"..\" is in a name of the archive")
            : parts.Exists(part => part.Length > 255 || part.Contains('\0', StringComparison.Ordinal)) ? throw new TemplateException("a name of the archive is too long, or has a NUL in it")
            : parts;
    }

    private static List<string> Named(string path) => Split(path) is { Count: > 0 } parts ? parts : throw new TemplateException("an entry of the archive has no name");

    /// <summary>Opens the directory of the last part. What is missing is made; links are followed with our directory as root.</summary>
    private IHostDirectory OpenParent(List<string> parts, string path)
    {
        var trail = new Stack<IHostDirectory>();
        var todo = new Stack<string>(Enumerable.Reverse(parts.Take(parts.Count - 1)));
        var links = 0;
        try
        {
            while (todo.TryPop(out var part))
            {
                var here = trail.Count > 0 ? trail.Peek() : _root;
                if (part == "..")
                {
                    (trail.Count > 0 ? trail.Pop() : null)?.Dispose();
                    continue;
                }

                var error = here.GetAttributes(part, out var known);
                if (error == Errno.OK && (known.Mode & StatMode.S_IFMT) == StatMode.S_IFLNK)
                {
                    if (++links > MostLinks || !here.ReadLink(part).Ok(out var target, out error))
                    {
                        throw new TemplateException($"{path}: its links lead in a circle");
                    }

                    if (target.StartsWith('/'))
                    {
                        Close(trail);
                    }

                    foreach (var step in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(step => step != ".").Reverse())
                    {
                        todo.Push(step);
                    }

                    continue;
                }

                if (error == Errno.ENOENT)
                {
                    Count(path);
                    error = here.MakeDirectory(part, DirectoryMode);
                }

                trail.Push(error == Errno.OK && here.OpenDirectory(part).Ok(out var next, out error) ? next
                    : error == Errno.ENOTDIR ? throw new TemplateException($"{path}: {part} is a file, not a directory") : throw Failed(path, error));
            }

            return trail.TryPop(out var parent) ? parent : HostDirectories.Open(_directory).Ok(out var root, out var failed) ? root : throw Failed(path, failed);
        }
        finally
        {
            Close(trail);
        }
    }

    private static void Close(Stack<IHostDirectory> trail)
    {
        while (trail.TryPop(out var directory))
        {
            directory.Dispose();
        }
    }

    private static TemplateException Failed(string path, Errno error) => new($"{path}: {error}");
}
