using System.Globalization;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Synthetic;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Fs.Procfs;

/// <summary>Limits of System V IPC in /proc/sys/kernel and of POSIX queues in /proc/sys/fs/mqueue (proc_sys_kernel(5), mq_overview(7)): of the name space of whoever reads or writes.</summary>
internal sealed class IpcSysctls(ProcfsFileSystem owner)
{
    /// <summary>Adds them.</summary>
    internal void Fill(StaticDirectory kernel, StaticDirectory mqueue)
    {
        kernel.Add("shmmax", Numbers(static l => [(long)l.ShmMax], static (l, v) => l.ShmMax = (ulong)v[0], -1));
        kernel.Add("shmall", Numbers(static l => [(long)l.ShmAll], static (l, v) => l.ShmAll = (ulong)v[0], -1));
        kernel.Add("shmmni", Numbers(static l => [l.ShmMni], static (l, v) => l.ShmMni = (int)v[0], IpcLimits.MaxIndex));
        kernel.Add("msgmax", Numbers(static l => [l.MsgMax], static (l, v) => l.MsgMax = (int)v[0], int.MaxValue));
        kernel.Add("msgmnb", Numbers(static l => [l.MsgMnb], static (l, v) => l.MsgMnb = (int)v[0], int.MaxValue));
        kernel.Add("msgmni", Numbers(static l => [l.MsgMni], static (l, v) => l.MsgMni = (int)v[0], IpcLimits.MaxIndex));
        kernel.Add("sem", Numbers(
            static l => [l.SemMsl, l.SemMns, l.SemOpm, l.SemMni],
            static (l, v) => (l.SemMsl, l.SemMns, l.SemOpm, l.SemMni) = (Math.Min((int)v[0], 65536), (int)v[1], Math.Min((int)v[2], 65536), Math.Min((int)v[3], IpcLimits.MaxIndex)),
            int.MaxValue));
        mqueue.Add("queues_max", Numbers(static l => [l.MqQueuesMax], static (l, v) => l.MqQueuesMax = (int)v[0], int.MaxValue));
        mqueue.Add("msg_max", Numbers(static l => [l.MqMsgMax], static (l, v) => l.MqMsgMax = (int)v[0], 65536, 1));
        mqueue.Add("msg_default", Numbers(static l => [l.MqMsgDefault], static (l, v) => l.MqMsgDefault = (int)v[0], 65536, 1));
        mqueue.Add("msgsize_max", Numbers(static l => [l.MqMsgSizeMax], static (l, v) => l.MqMsgSizeMax = (int)v[0], 16 << 20, 128));
        mqueue.Add("msgsize_default", Numbers(static l => [l.MqMsgSizeDefault], static (l, v) => l.MqMsgSizeDefault = (int)v[0], 16 << 20, 128));
    }

    /// <summary>A file of numbers between tabs. Fewer than there are may be written: the rest stays as it is.</summary>
    /// <param name="most">Largest value; -1 for any unsigned 64-bit number.</param>
    private TextFile Numbers(Func<IpcLimits, long[]> get, Action<IpcLimits, long[]> set, long most, ulong least = 0)
        => new(owner, caller => Text(get(Limits(caller))), (caller, text) =>
        {
            var values = get(Limits(caller));
            var fields = text.Split((char[])[' ', '\t', '\n', '\0'], StringSplitOptions.RemoveEmptyEntries);
            for (var i = 0; i < Math.Min(fields.Length, values.Length); i++)
            {
                if (!ulong.TryParse(fields[i], NumberStyles.None, CultureInfo.InvariantCulture, out var value) || value < least || (most >= 0 && value > (ulong)most))
                {
                    return Errno.EINVAL;
                }

                values[i] = (long)value;
            }

            set(Limits(caller), values);
            return Errno.OK;
        });

    private string Text(long[] values) => string.Join('\t', values.Select(static v => ((ulong)v).ToString(CultureInfo.InvariantCulture))) + "\n";

    private IpcLimits Limits(ICaller caller) => Jail.Of(caller, owner.Kernel).Ipc.Limits;
}
