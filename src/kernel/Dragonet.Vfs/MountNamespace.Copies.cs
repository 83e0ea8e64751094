using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>Mount namespaces made of others.</summary>
public sealed partial class MountNamespace
{
    /// <summary>A copy for CLONE_NEWNS; <paramref name="map"/> tells the copy of each mount, to carry over roots and working directories. In another
    /// user namespace than the original's all its mounts are locked.</summary>
    public MountNamespace Copy(ulong id, UserNamespace? owner, out IReadOnlyDictionary<Mount, Mount> map)
    {
        using (_lock.Enter())
        {
            var copies = new Dictionary<Mount, Mount>();
            var root = CopyTree(RootMount, RootMount.Root, recursive: true, copies);
            var copy = new MountNamespace(_vfs, root) { Id = id, Owner = owner, Jail = Jail };
            var locks = !ReferenceEquals(owner, Owner);
            foreach (var (_, mount) in copies)
            {
                mount.Namespace = copy;
                if (locks)
                {
                    mount.LockFlags();
                    mount.IsLocked = !ReferenceEquals(mount, root);
                }

                if (mount.Place is { } place)
                {
                    copy._table[(place.Parent, place.Point)] = mount;
                    place.Point.AddMount(mount);
                }
            }

            map = copies;
            return copy;
        }
    }

    /// <summary>A namespace whose root is a directory of another one, with what is mounted below it: no path leads out.</summary>
    public static MountNamespace Derive(VirtualFileSystem vfs, VfsPath place)
    {
        var origin = place.Mount.Namespace ?? throw new InvalidOperationException("the directory is in no tree of mounts");
        using (origin._lock.Enter())
        {
            var root = origin.CopyTree(place.Mount, place.Dentry, recursive: true, null);
            var derived = new MountNamespace(vfs, root);
            derived.RegisterBelow(root);
            return derived;
        }
    }

    private void RegisterBelow(Mount mount)
    {
        foreach (var child in mount.Children)
        {
            RegisterLocked(child);
        }
    }

    /// <summary>Copies a mount and what is mounted below; the links are set, the tables are not.</summary>
    private Mount CopyTree(Mount mount, Dentry root, bool recursive, Dictionary<Mount, Mount>? map)
    {
        var copy = new Mount(_vfs.NextMountId(), new MountSource(mount.FileSystem, root, mount.DeviceOverride), mount.Flags, mount.SourceName);
        copy.CopyLocks(mount);
        map?.Add(mount, copy);
        if (recursive)
        {
            foreach (var child in mount.Children)
            {
                if (root.IsAncestorOf(child.MountPoint!))
                {
                    var below = CopyTree(child, child.Root, recursive: true, map);
                    below.Place = new MountPlace(copy, child.MountPoint!);
                    copy.Children.Add(below);
                }
            }
        }

        return copy;
    }

    private static bool HasLocked(Mount mount, Dentry root) => mount.Children.Exists(child => child.IsLocked && root.IsAncestorOf(child.MountPoint!));

    private static int CountBelow(Mount mount)
    {
        var list = new List<Mount>();
        Collect(mount, list);
        return list.Count;
    }
}
