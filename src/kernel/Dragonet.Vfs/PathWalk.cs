using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>
/// One walk along a path (path_resolution(7)). Cached components cost a dictionary look-up each and allocate nothing.
/// Used by one thread; make one, <see cref="Start"/>, then <see cref="Run"/>.
/// </summary>
internal struct PathWalk(VirtualFileSystem vfs, ICaller caller)
{
    private const int MaxLinks = 40;
    private const int MaxName = 255;

    private WalkFlags _flags;
    private Mount _rootMount = null!;
    private Dentry _rootDentry = null!;
    private Mount _startMount = null!;
    private string _path = "";
    private int _position;
    private int _links;

    /// <summary>Where the walk is.</summary>
    public Mount Mount { get; private set; } = null!;

    /// <inheritdoc cref="Mount"/>
    public Dentry Dentry { get; private set; } = null!;

    /// <summary>After a parent walk: the last component.</summary>
    public string LastName { get; private set; } = "";

    /// <summary>After a parent walk: what <see cref="LastName"/> is.</summary>
    public LastKind Last { get; private set; }

    /// <summary>After a parent walk: slashes follow the last component.</summary>
    public bool TrailingSlash { get; private set; }

    /// <summary>Where the walk is, as an object.</summary>
    public readonly VfsPath Place => new(Mount, Dentry);

    /// <summary>Begins.</summary>
    public Errno Start(in WalkContext context, string path, WalkFlags flags)
    {
        _flags = flags;
        _path = path;
        _position = 0;
        _links = 0;
        var scoped = (flags & (WalkFlags.Beneath | WalkFlags.InRoot)) != 0;
        var root = scoped ? context.Base : context.Root;
        (_rootMount, _rootDentry) = (root.Mount, root.Dentry);
        (Mount, Dentry) = (context.Base.Mount, context.Base.Dentry);
        _startMount = Mount;
        if (path.Length == 0)
        {
            return (flags & WalkFlags.Empty) != 0 ? Errno.OK : Errno.ENOENT;
        }

        if (path[0] != '/')
        {
            return Errno.OK;
        }

        if ((flags & WalkFlags.Beneath) != 0)
        {
            return Errno.EXDEV;
        }

        if (!scoped)
        {
            _startMount = _rootMount;
        }

        return ToRoot();
    }

    /// <summary>Walks to the end, or with <paramref name="parent"/> to the directory of the last component.</summary>
    public Errno Run(bool parent)
    {
        while (true)
        {
            var path = _path;
            while (_position < path.Length && path[_position] == '/')
            {
                _position++;
            }

            if (_position == path.Length)
            {
                Last = LastKind.Dot;
                return (_flags & WalkFlags.Directory) != 0 && !parent && !Dentry.Inode!.IsDirectory ? Errno.ENOTDIR : Errno.OK;
            }

            var end = path.IndexOf('/', _position);
            if (end < 0)
            {
                end = path.Length;
            }

            var next = end;
            while (next < path.Length && path[next] == '/')
            {
                next++;
            }

            var name = path.AsSpan(_position, end - _position);
            var last = next == path.Length;
            var slash = last && end < next;
            var directory = Dentry.Inode!;
            if (!directory.IsDirectory)
            {
                return Errno.ENOTDIR;
            }

            var error = directory.CheckAccess(caller.Credentials, Access.Execute);
            if (error != Errno.OK)
            {
                return error;
            }

            var kind = name is "." ? LastKind.Dot : name is ".." ? LastKind.DotDot : LastKind.Name;
            if (name.Length > MaxName)
            {
                return Errno.ENAMETOOLONG;
            }

            if (parent && last)
            {
                Last = kind;
                LastName = name.ToString();
                TrailingSlash = slash;
                _position = next;
                return Errno.OK;
            }

            if (kind != LastKind.Name)
            {
                _position = next;
                if (kind == LastKind.DotDot && (error = Up()) != Errno.OK)
                {
                    return error;
                }

                continue;
            }

            if (!Child(name).Ok(out var child, out error))
            {
                return error;
            }

            error = Enter(child, follow: !last || slash || (_flags & WalkFlags.Follow) != 0, end, next);
            if (error != Errno.OK)
            {
                return error;
            }

            if ((slash || (last && _position == _path.Length && (_flags & WalkFlags.Directory) != 0)) && _position == next && !Dentry.Inode!.IsDirectory)
            {
                return Errno.ENOTDIR;
            }
        }
    }

    /// <summary>After a parent walk: a child of where the walk is, negative or not, before mounts and links.</summary>
    public readonly Result<Dentry> Child(ReadOnlySpan<char> name)
    {
        if ((_flags & WalkFlags.Settled) == 0 && Dentry.TryGetChild(name, out var child) && vfs.IsValid(caller, child))
        {
            return child;
        }

        return vfs.LookupSlow(caller, Dentry, name.ToString());
    }

    /// <summary>After a parent walk whose last component turned out to be this child: goes there, over mounts; with
    /// <paramref name="follow"/> a symbolic link becomes the rest of the path, to be walked by another <see cref="Run"/>.</summary>
    public Errno EnterLast(Dentry child, bool follow) => Enter(child, follow, _path.Length, _path.Length);

    /// <summary>True while a path remains.</summary>
    public readonly bool HasRest => _position < _path.Length;

    private Errno Enter(Dentry child, bool follow, int end, int next)
    {
        var mount = Mount;
        if (mount.Covered is { } covered && covered.Contains(child))
        {
            return Errno.EACCES;
        }

        while (child.IsMountPoint && mount.Namespace?.Find(mount, child) is { } on)
        {
            if ((_flags & WalkFlags.NoCrossing) != 0)
            {
                return Errno.EXDEV;
            }

            mount = on;
            child = on.Root;
        }

        if (child.Inode is not { } inode)
        {
            return Errno.ENOENT;
        }

        if (follow && inode.IsSymbolicLink)
        {
            return Follow(mount, inode, end, next);
        }

        Mount = mount;
        Dentry = child;
        _position = next;
        return Errno.OK;
    }

    private Errno Follow(Mount mount, Inode link, int end, int next)
    {
        if ((_flags & WalkFlags.NoSymbolicLinks) != 0 || ++_links > MaxLinks || mount.Has(MountFlags.MS_NOSYMFOLLOW))
        {
            return Errno.ELOOP;
        }

        if (link.IsMagicLink)
        {
            if ((_flags & WalkFlags.NoMagicLinks) != 0)
            {
                return Errno.ELOOP;
            }

            if ((_flags & (WalkFlags.Beneath | WalkFlags.InRoot)) != 0)
            {
                return Errno.EXDEV;
            }

            if (!link.Jump(caller).Ok(out var target, out var refused))
            {
                return refused;
            }

            if ((_flags & WalkFlags.NoCrossing) != 0 && !ReferenceEquals(target.Mount, _startMount))
            {
                return Errno.EXDEV;
            }

            (Mount, Dentry) = (target.Mount, target.Dentry);
            _position = next;
            return Errno.OK;
        }

        if (!link.ReadLink(caller).Ok(out var text, out var error))
        {
            return error;
        }

        if (text.Length == 0)
        {
            return Errno.ENOENT;
        }

        _path = end < _path.Length ? string.Concat(text, _path.AsSpan(end)) : TrailingSlash ? text + "/" : text;
        TrailingSlash = false;
        _position = 0;
        if (text[0] != '/')
        {
            return Errno.OK;
        }

        return (_flags & WalkFlags.Beneath) != 0 ? Errno.EXDEV : ToRoot();
    }

    private Errno ToRoot()
    {
        if ((_flags & WalkFlags.NoCrossing) != 0 && !ReferenceEquals(_rootMount, _startMount))
        {
            return Errno.EXDEV;
        }

        (Mount, Dentry) = (_rootMount, _rootDentry);
        return Errno.OK;
    }

    private Errno Up()
    {
        var (mount, dentry) = (Mount, Dentry);
        while (true)
        {
            if (ReferenceEquals(mount, _rootMount) && ReferenceEquals(dentry, _rootDentry))
            {
                return (_flags & WalkFlags.Beneath) != 0 ? Errno.EXDEV : Errno.OK;
            }

            if (!ReferenceEquals(dentry, mount.Root))
            {
                if (mount.Root.Parent is not null && !mount.Root.IsAncestorOf(dentry))
                {
                    // The directory was moved out of what this mount shows: there is no way up that stays inside.
                    return Errno.ENOENT;
                }

                dentry = dentry.Parent ?? dentry;
                break;
            }

            if (mount.Place is not { } place)
            {
                return Errno.OK;
            }

            if ((_flags & WalkFlags.NoCrossing) != 0)
            {
                return Errno.EXDEV;
            }

            (mount, dentry) = (place.Parent, place.Point);
        }

        while (dentry.IsMountPoint && mount.Namespace?.Find(mount, dentry) is { } on)
        {
            (mount, dentry) = (on, on.Root);
        }

        (Mount, Dentry) = (mount, dentry);
        return Errno.OK;
    }
}
