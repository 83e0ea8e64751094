using System.Globalization;
using System.IO;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>The host's threads of a guest process.</summary>
internal static unsafe class HostThreads
{
    /// <summary>The numbers of those that have not ended; none when the process is gone.</summary>
    internal static int[] Of(int pid)
    {
        // proc_pid_stat(5): "pid (name) state …". The first thread is there until the last one has ended.
        var first = ProcFile.Read(pid, string.Create(CultureInfo.InvariantCulture, $"task/{pid}/stat"));
        var isFirstOver = first.AsSpan(first.LastIndexOf(')') + 1).StartsWith(" Z");
        try
        {
            return [.. Directory.EnumerateDirectories(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/task"))
                .Select(static path => int.Parse(Path.GetFileName(path.AsSpan()), CultureInfo.InvariantCulture))
                .Where(number => number != pid || !isFirstOver)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>Waits until one of these threads has ended. Where that is no event (before Linux 6.9), for a millisecond.</summary>
    internal static void WaitForOne(IEnumerable<int> threads, int milliseconds)
    {
        const long thread = 0x80; // PIDFD_THREAD
        const long readable = 1L << 32;
        var files = new List<HostFd>();
        try
        {
            foreach (var number in threads)
            {
                switch (Host.Call(Nr.pidfd_open, number, thread))
                {
                    case >= 0 and var descriptor:
                        files.Add(HostFd.Own(descriptor));
                        break;
                    case -(long)Errno.ESRCH:
                        return;
                    default:
                        milliseconds = 1;
                        break;
                }
            }

            // struct pollfd: fd, events, revents.
            var entries = files.Select(static file => (uint)file.Number | readable).ToArray();
            fixed (long* pointer = entries)
            {
                // SAFETY: a pinned array of as many entries.
                _ = Host.Call(Nr.poll, (long)pointer, entries.Length, milliseconds);
            }
        }
        finally
        {
            files.ForEach(static file => file.Dispose());
        }
    }
}
