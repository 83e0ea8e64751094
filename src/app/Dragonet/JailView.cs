using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet;

/// <summary>Looks at the processes of a jail from outside. They go on meanwhile: what is told was true of each at its moment.</summary>
internal static class JailView
{
    internal static List<ProcessActivity> ActivityOf(Jail jail)
    {
        var list = new List<ProcessActivity>();
        foreach (var process in Processes(jail))
        {
            var (user, system) = process.CpuTime;
            list.Add(new ProcessActivity(process.Pid, process.Jail.Name, process.Leader.Name, process.Leader.Credentials.Uid, process.Leader.StateLetter, process.TaskCount,
                TimeSpan.FromTicks((user + system) / 100), ResourceUse.OfProcess(process, Resource.MemoryUse)));
        }

        return list;
    }

    internal static List<GuestOpenFile> OpenFilesOf(Jail jail)
    {
        var list = new List<GuestOpenFile>();
        foreach (var process in Processes(jail))
        {
            foreach (var fd in process.Leader.Files.List())
            {
                if (process.Leader.Files.GetAny(fd).Ok(out var file))
                {
                    var mode = file.CanRead ? file.CanWrite ? 'u' : 'r' : file.CanWrite ? 'w' : ' ';
                    var attributes = file.GetAttributes().Ok(out var known) ? known : default;
                    var target = file.Path is { } place ? VirtualFileSystem.GetPath(place, process.Jail.Mounts.Root) : file.Description;
                    list.Add(new GuestOpenFile(process.Pid, process.Jail.Name, process.Leader.Name, process.Leader.Credentials.Uid, fd, mode, TypeOf(attributes.Mode), attributes.Mode.IsRegular() ? attributes.Size : 0, ByteString.ToText(target)));
                }
            }
        }

        return list;
    }

    private static IEnumerable<Process> Processes(Jail jail) => jail.VisibleProcesses.Where(process => process != jail.Kernel.Init).OrderBy(process => process.Pid);

    private static bool IsRegular(this uint mode) => (mode & StatMode.S_IFMT) == StatMode.S_IFREG;

    private static string TypeOf(uint mode) => (mode & StatMode.S_IFMT) switch
    {
        StatMode.S_IFREG => "REG",
        StatMode.S_IFDIR => "DIR",
        StatMode.S_IFCHR => "CHR",
        StatMode.S_IFBLK => "BLK",
        StatMode.S_IFIFO => "FIFO",
        StatMode.S_IFSOCK => "sock",
        _ => "a_inode",
    };
}
