using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>How the host schedules the kernel process itself, which its guests inherit.</summary>
internal static unsafe class HostScheduling
{
    /// <summary>The processors it may use, as a mask.</summary>
    internal static byte[] GetMask()
    {
        var mask = new byte[1024];
        fixed (byte* pointer = mask)
        {
            // SAFETY: 1024 bytes, as many as the host's largest mask has.
            _ = Host.Call(Nr.sched_getaffinity, 0, mask.Length, (long)pointer);
        }

        return mask;
    }

    /// <summary>Numbers of the processors it may use (sched_getaffinity(2)): a cpuset need not start at 0.</summary>
    internal static IReadOnlyList<int> GetProcessors(byte[] mask)
    {
        List<int> numbers = [];
        for (var i = 0; i < mask.Length * 8; i++)
        {
            if ((mask[i / 8] >> (i % 8) & 1) != 0)
            {
                numbers.Add(i);
            }
        }

        return numbers;
    }

    /// <summary>
    /// Asks the host for short turns of the processor (a thread of the host; 0: the calling one, whose children inherit it): where others
    /// compute, a thread that is woken for a system call then begins at once instead of when the turn of the other ends, some
    /// milliseconds later. Its share of the processor stays the same (sched_setattr(2), sched_runtime of SCHED_OTHER, Linux 6.12; older
    /// hosts take no notice).
    /// </summary>
    internal static void AskShortTurns(int thread = 0)
    {
        // struct sched_attr of 48 bytes: size, policy; flags; nice, priority; runtime, deadline, period in nanoseconds.
        var attributes = stackalloc long[6];
        attributes[0] = 48;
        attributes[1] = 0x08; // SCHED_FLAG_KEEP_POLICY
        attributes[2] = (uint)GetNice();
        attributes[3] = 100_000; // the host's shortest
        // SAFETY: the structure is on the stack. ESRCH: the thread is gone; EPERM: it stays as it is.
        _ = Host.Call(Nr.sched_setattr, thread, (long)attributes, 0);
    }

    /// <summary>
    /// Keeps a thread that spins for the sake of the calling one off the processor that this one runs on: there it would only be in the
    /// way of those whom it waits for. Nothing changes where there is no other processor.
    /// </summary>
    /// <param name="thread">A thread of this process; 0: none yet.</param>
    /// <param name="allowed">The processors that this process may use, of <see cref="GetMask"/>.</param>
    internal static void Avoid(int thread, byte[] allowed)
    {
        uint here = 0;
        // SAFETY: a word on the stack.
        if (thread == 0 || Host.Call(Nr.getcpu, (long)&here) != 0 || here >= allowed.Length * 8)
        {
            return;
        }

        Span<byte> mask = stackalloc byte[allowed.Length];
        allowed.CopyTo(mask);
        mask[(int)here / 8] &= (byte)~(1 << ((int)here % 8));
        if (mask.ContainsAnyExcept((byte)0))
        {
            fixed (byte* pointer = mask)
            {
                // SAFETY: the mask is on the stack. It fails when the thread is gone, or a cpuset has become smaller: it stays as it is.
                _ = Host.Call(Nr.sched_setaffinity, thread, mask.Length, (long)pointer);
            }
        }
    }

    /// <summary>The calling thread is to run on these processors only. Nothing changes where a cpuset has none of them any more.</summary>
    internal static void RunOn(IEnumerable<int> processors)
    {
        var mask = new byte[1024];
        foreach (var number in processors)
        {
            mask[number / 8] |= (byte)(1 << (number % 8));
        }

        fixed (byte* pointer = mask)
        {
            // SAFETY: as long as it says.
            _ = Host.Call(Nr.sched_setaffinity, 0, mask.Length, (long)pointer);
        }
    }

    /// <summary>Its nice value; the call itself answers 20 less it (getpriority(2)).</summary>
    internal static int GetNice() => Host.Call(Nr.getpriority, 0, 0) is > 0 and var value ? 20 - (int)value : 0;
}
