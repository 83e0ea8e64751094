using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Channels;

/// <summary>
/// The calls that take the channel, those that save most first (when there is room for few patches the first ones get it). Calls that need
/// the full register file, the thread of their notification, or the host's help are not among them; a call here that must wait is
/// made again through the filter.
/// </summary>
internal static class ChannelCalls
{
    /// <summary>Numbers below this can be in the table.</summary>
    public const int TableSize = 512;

    private static readonly (Nr Number, ChannelKind Kind)[] s_calls =
    [
        (Nr.read, ChannelKind.Fill1), (Nr.write, ChannelKind.Buffer1), (Nr.close, ChannelKind.Plain), (Nr.openat, ChannelKind.Path1),
        (Nr.rt_sigprocmask, ChannelKind.Mask1), (Nr.set_robust_list, ChannelKind.Robust), (Nr.clone3, ChannelKind.Thread), (Nr.newfstatat, ChannelKind.Path1),
        (Nr.fstat, ChannelKind.Plain), (Nr.lseek, ChannelKind.Plain),
        (Nr.pread64, ChannelKind.Fill1), (Nr.pwrite64, ChannelKind.Buffer1), (Nr.getdents64, ChannelKind.Fill1), (Nr.fcntl, ChannelKind.Lock2),
        (Nr.stat, ChannelKind.Path0), (Nr.lstat, ChannelKind.Path0), (Nr.open, ChannelKind.Path0), (Nr.access, ChannelKind.Path0),
        (Nr.faccessat, ChannelKind.Path1), (Nr.faccessat2, ChannelKind.Path1), (Nr.readlink, ChannelKind.Path0), (Nr.readlinkat, ChannelKind.Path1),
        (Nr.unlink, ChannelKind.Path0), (Nr.unlinkat, ChannelKind.Path1), (Nr.statx, ChannelKind.Path1), (Nr.mkdir, ChannelKind.Path0),
        (Nr.mkdirat, ChannelKind.Path1), (Nr.rmdir, ChannelKind.Path0), (Nr.rename, ChannelKind.Path0), (Nr.renameat, ChannelKind.Path1),
        (Nr.renameat2, ChannelKind.Path1), (Nr.link, ChannelKind.Path0), (Nr.linkat, ChannelKind.Path1), (Nr.symlink, ChannelKind.Path0),
        (Nr.ftruncate, ChannelKind.Plain), (Nr.utimensat, ChannelKind.Path1), (Nr.fchmodat, ChannelKind.Path1), (Nr.chmod, ChannelKind.Path0),
        (Nr.fchmod, ChannelKind.Plain), (Nr.fchownat, ChannelKind.Path1), (Nr.ioctl, ChannelKind.Plain), (Nr.dup, ChannelKind.Plain),
        (Nr.dup2, ChannelKind.Plain), (Nr.dup3, ChannelKind.Plain), (Nr.pipe2, ChannelKind.Plain), (Nr.getcwd, ChannelKind.Plain),
        (Nr.chdir, ChannelKind.Path0), (Nr.fchdir, ChannelKind.Plain), (Nr.umask, ChannelKind.Plain), (Nr.rt_sigaction, ChannelKind.Block1),
        (Nr.readv, ChannelKind.Plain), (Nr.writev, ChannelKind.Vector1), (Nr.getpid, ChannelKind.Identity), (Nr.getppid, ChannelKind.Plain),
        (Nr.gettid, ChannelKind.Identity + 1), (Nr.getuid, ChannelKind.Identity + 2), (Nr.geteuid, ChannelKind.Identity + 3), (Nr.getgid, ChannelKind.Identity + 4),
        (Nr.getegid, ChannelKind.Identity + 5), (Nr.poll, ChannelKind.Plain), (Nr.epoll_wait, ChannelKind.Plain), (Nr.epoll_pwait, ChannelKind.Plain),
        (Nr.epoll_ctl, ChannelKind.Event3), (Nr.sendto, ChannelKind.Buffer1), (Nr.recvfrom, ChannelKind.Fill1), (Nr.sendmsg, ChannelKind.Plain),
        (Nr.recvmsg, ChannelKind.Plain), (Nr.fdatasync, ChannelKind.Plain), (Nr.fsync, ChannelKind.Plain),
        (Nr.fchown, ChannelKind.Plain), (Nr.chown, ChannelKind.Path0), (Nr.lchown, ChannelKind.Path0),
        (Nr.statfs, ChannelKind.Path0), (Nr.fstatfs, ChannelKind.Plain), (Nr.uname, ChannelKind.Plain), (Nr.getrandom, ChannelKind.Plain),
        (Nr.pipe, ChannelKind.Plain), (Nr.socket, ChannelKind.Plain), (Nr.socketpair, ChannelKind.Plain), (Nr.flock, ChannelKind.Plain),
        (Nr.ppoll, ChannelKind.Plain), (Nr.select, ChannelKind.Plain), (Nr.pselect6, ChannelKind.Select), (Nr.kill, ChannelKind.Plain),
        (Nr.tgkill, ChannelKind.Plain), (Nr.getpgrp, ChannelKind.Plain), (Nr.getpgid, ChannelKind.Plain), (Nr.setpgid, ChannelKind.Plain),
        (Nr.setitimer, ChannelKind.Plain), (Nr.eventfd2, ChannelKind.Plain), (Nr.timerfd_settime, ChannelKind.Plain),
        (Nr.truncate, ChannelKind.Path0), (Nr.symlinkat, ChannelKind.Path0), (Nr.fadvise64, ChannelKind.Plain), (Nr.fallocate, ChannelKind.Plain),
        (Nr.getrusage, ChannelKind.Plain), (Nr.times, ChannelKind.Plain), (Nr.sysinfo, ChannelKind.Plain), (Nr.futex, ChannelKind.Wake),
    ];

    /// <summary>The kind of every number, as the stub looks it up.</summary>
    /// <param name="strict">Nothing is answered in the guest: every call goes to the kernel.</param>
    /// <param name="wakes">The host has futex_wake(2), and guests may use it.</param>
    public static byte[] MakeTable(bool strict, bool wakes)
    {
        var table = new byte[TableSize];
        foreach (var (number, kind) in s_calls)
        {
            table[(int)number] = (byte)(kind switch
            {
                ChannelKind.Wake when !wakes => ChannelKind.None,
                ChannelKind.Thread when strict => ChannelKind.None,
                >= ChannelKind.Robust and < ChannelKind.Wake when strict => ChannelKind.Plain,
                _ => kind,
            });
        }

        return table;
    }

    /// <summary>True for a number that the kernel takes from a channel.</summary>
    /// <param name="table">Of <see cref="MakeTable"/>.</param>
    /// <param name="number">Any.</param>
    public static bool IsServed(ReadOnlySpan<byte> table, int number)
        => number >= 0 && number < table.Length && (ChannelKind)table[number] is > ChannelKind.None and < ChannelKind.Identity and not ChannelKind.Thread;

    /// <summary>What the stub does before a call.</summary>
    public static ChannelKind KindOf(ReadOnlySpan<byte> kinds, int number) => number < kinds.Length ? (ChannelKind)kinds[number] : ChannelKind.None;

    /// <summary>True for a call that may move so much that it rings.</summary>
    public static bool AsksMuch(ReadOnlySpan<byte> kinds, int number, ulong length)
        => length >= ChannelLayout.Much && KindOf(kinds, number) is ChannelKind.Buffer1 or ChannelKind.Fill1;

    /// <summary>True for a call whose buffer has room in a window, and in nothing smaller.</summary>
    public static bool FitsWindow(ReadOnlySpan<byte> kinds, int number, ulong length)
        => length is > ChannelLayout.Capacity and <= ChannelLayout.WindowSize && KindOf(kinds, number) is ChannelKind.Buffer1 or ChannelKind.Fill1;

    /// <summary>True for a call whose buffer the stub has touched at both ends (<see cref="ChannelKind.Fill1"/>).</summary>
    /// <param name="kinds">Of <see cref="MakeTable"/>.</param>
    /// <param name="number">Any.</param>
    /// <param name="length">The third argument.</param>
    public static bool FillsChecked(ReadOnlySpan<byte> kinds, int number, ulong length)
        => KindOf(kinds, number) == ChannelKind.Fill1 && length is > 0 and <= ChannelLayout.Capacity;

    /// <summary>Place of every number in the order of the list; -1 for calls that are not in it.</summary>
    public static int[] MakeRanks()
    {
        var ranks = new int[TableSize];
        Array.Fill(ranks, -1);
        for (var i = 0; i < s_calls.Length; i++)
        {
            ranks[(int)s_calls[i].Number] = i;
        }

        return ranks;
    }
}
