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

    /// <summary>Its nice value; the call itself answers 20 less it (getpriority(2)).</summary>
    internal static int GetNice() => Host.Call(Nr.getpriority, 0, 0) is > 0 and var value ? 20 - (int)value : 0;
}
