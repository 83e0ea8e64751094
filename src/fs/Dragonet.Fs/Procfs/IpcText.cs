using System.Text;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Fs.Procfs;

/// <summary>/proc/sysvipc: the objects of the reader's name space (proc_sysvipc(5)).</summary>
internal static class IpcText
{
    private const string Shm = "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap\n";
    private const string Sem = "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n";
    private const string Msg = "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime\n";

    internal static string Segments(ICaller caller)
    {
        if (caller is not Task task)
        {
            return Shm;
        }

        var ipc = task.Process.Ipc;
        ipc.FreeUnused();
        List<SharedSegment> segments;
        using (ipc.Segments.Lock.Enter())
        {
            segments = [.. ipc.Segments.AllLocked];
        }

        var text = new StringBuilder(Shm);
        foreach (var s in segments)
        {
            _ = text.Append(Head(s)).Append($" {s.Size,21} {s.CreatorPid,5} {s.LastPid,5}  {ipc.CountAttached(s),5}").Append(Owners(s))
                .Append($" {s.AttachTime,10} {s.DetachTime,10} {s.ChangeTime,10} {s.Backing.Allocated,21} {0,21}\n");
        }

        return text.ToString();
    }

    internal static string Semaphores(ICaller caller)
    {
        var text = new StringBuilder(Sem);
        if (caller is Task task)
        {
            using (task.Process.Ipc.Semaphores.Lock.Enter())
            {
                foreach (var s in task.Process.Ipc.Semaphores.AllLocked)
                {
                    _ = text.Append(Head(s)).Append($" {s.Count,10}").Append(Owners(s)).Append($" {s.OperationTime,10} {s.ChangeTime,10}\n");
                }
            }
        }

        return text.ToString();
    }

    internal static string Queues(ICaller caller)
    {
        var text = new StringBuilder(Msg);
        if (caller is Task task)
        {
            using (task.Process.Ipc.Queues.Lock.Enter())
            {
                foreach (var q in task.Process.Ipc.Queues.AllLocked)
                {
                    _ = text.Append(Head(q)).Append($"  {q.Bytes,10} {q.Count,10} {q.LastSender,5} {q.LastReceiver,5}").Append(Owners(q))
                        .Append($" {q.SendTime,10} {q.ReceiveTime,10} {q.ChangeTime,10}\n");
                }
            }
        }

        return text.ToString();
    }

    private static string Head(IpcObject item) => $"{item.Key,10} {item.Id,10}  {Convert.ToString(item.Mode, 8),4}";

    private static string Owners(IpcObject item) => $" {item.Uid,5} {item.Gid,5} {item.CreatorUid,5} {item.CreatorGid,5}";
}
