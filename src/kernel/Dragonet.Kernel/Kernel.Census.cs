using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>Counting what there is.</summary>
public sealed partial class Kernel
{
    /// <summary>How many names are cached of what a jail has mounted, those known not to exist included: a cache, and so no part of the census.</summary>
    public static int CountNames(Jail jail) => jail.Mounts.List().Select(static mount => mount.Root.Top).Distinct().Sum(static top => top.CountCached());

    /// <summary>Counts the objects of a jail and of all in it; of the kernel as a whole when none is named.</summary>
    public Census TakeCensus(Jail? jail = null)
    {
        var root = jail ?? Jails.Root;
        var jails = root.IsGone ? [] : Jails.List().Where(root.Contains).Append(root).Distinct().ToList();
        var dying = Jails.Dying.Where(root.Contains).ToList();
        var processes = Pids.Processes.Where(process => process != Init && root.Contains(process.Jail)).ToList();
        var files = new HashSet<OpenFile>(ReferenceEqualityComparer.Instance);
        var tasks = 0;
        foreach (var process in processes)
        {
            foreach (var task in process.GetTasks())
            {
                tasks++;
                foreach (var fd in task.Files.List())
                {
                    if (task.Files.GetAny(fd).Ok(out var file))
                    {
                        _ = files.Add(file);
                    }
                }
            }
        }

        var all = jails.Concat(dying).ToList();
        return new Census
        {
            Jails = jails.Count(each => each != root || each.Parent is not null),
            DyingJails = dying.Count,
            Processes = processes.Count,
            Tasks = tasks,
            OpenFiles = files.Count,
            Sockets = files.Count(static file => file is SocketFile),
            Mounts = all.Select(static each => each.Mounts).OfType<MountNamespace>().Concat(Namespaces.Mounts.Where(mounts => all.Contains(mounts.Jail)))
                .Distinct().Sum(static mounts => mounts.List().Count),
            Namespaces = Namespaces.Count(root),
            IpcObjects = all.Sum(static each => each.Ipc.Count),
            UnixNames = all.Sum(static each => each.UnixNames.CountLocked),
            Terminals = Ptys.List().Count(entry => root.Contains(entry.Jail)),
            Timers = Timers.Count + PromptTimers.Count,
            Futexes = Futexes.Count,
            BufferedBytes = Buffers.Used,
            Network = Sockets.Network?.Count(all) ?? [],
        };
    }
}
