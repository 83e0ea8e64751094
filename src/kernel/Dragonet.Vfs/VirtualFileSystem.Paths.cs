using System.Text;
using Dragonet.Base;
using Dragonet.Abi;

namespace Dragonet.Vfs;

/// <summary>From a place back to a path (getcwd(2), /proc/PID/{cwd,exe,maps,mounts}).</summary>
public sealed partial class VirtualFileSystem
{
    /// <summary>The path of a place as seen from a root, with " (deleted)" for a removed one and "(unreachable)" before one outside the root.</summary>
    public static string GetPath(VfsPath place, VfsPath root)
    {
        var text = Build(place, root, out var reached);
        if (!reached)
        {
            text = "(unreachable)" + text;
        }

        return place.Dentry.IsDeleted ? text + " (deleted)" : text;
    }

    /// <summary>getcwd(2): ENOENT for a removed directory.</summary>
    public static Result<string> GetCwd(VfsPath place, VfsPath root)
    {
        if (place.Dentry.IsDeleted)
        {
            return Errno.ENOENT;
        }

        var text = Build(place, root, out var reached);
        return reached ? text : "(unreachable)" + text;
    }

    /// <summary>True when the place is at or below the root.</summary>
    public static bool IsReachable(VfsPath place, VfsPath root)
    {
        _ = Build(place, root, out var reached);
        return reached;
    }

    private static string Build(VfsPath place, VfsPath root, out bool reached)
    {
        var (mount, dentry) = (place.Mount, place.Dentry);
        reached = true;
        List<string>? parts = null;
        while (!(ReferenceEquals(mount, root.Mount) && ReferenceEquals(dentry, root.Dentry)))
        {
            if (ReferenceEquals(dentry, mount.Root))
            {
                if (mount.Place is not { } up)
                {
                    reached = false;
                    break;
                }

                (mount, dentry) = (up.Parent, up.Point);
                continue;
            }

            var here = dentry.Place;
            if (here.Parent is null)
            {
                // An anonymous object shows its name alone ("pipe:[7]", "/memfd:x").
                reached = true;
                return here.Name;
            }

            (parts ??= []).Add(here.Name);
            dentry = here.Parent;
        }

        if (parts is null)
        {
            return "/";
        }

        var text = new StringBuilder();
        for (var i = parts.Count - 1; i >= 0; i--)
        {
            _ = text.Append('/').Append(parts[i]);
        }

        return text.ToString();
    }
}
