using System.Globalization;
using Dragonet.Abi;
using Dragonet.Platform.Linux.HostFiles;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Confinement;

/// <summary>
/// The kernel process gives up what it does not need, so that a guest which takes it over still stands before a wall. It is the process
/// that changes, for good. Three steps: what it inherited, before it has threads that open files; files and rights, before the first platform
/// is made (guests must be inside the same Landlock domain, or the host would not let us at their memory); calls, after the zygote started.
/// </summary>
public static unsafe class ProcessConfinement
{
    // What file systems ask for: CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID; and CAP_SYS_RESOURCE for limits.
    private const ulong KeptCapabilities = 0x1f | 1 << 24;

    /// <summary>True when the host has Landlock: without it files stay as reachable as they are.</summary>
    public static bool HasLandlock => Landlock.Version > 0;

    /// <summary>
    /// Closes what survived an exec: it was not meant to stay secret, nor for us. We open everything close-on-exec; the runtime marks some
    /// files, as those of assemblies, only after it has opened them. So this comes before the process has other threads that do anything.
    /// </summary>
    /// <exception cref="InvalidOperationException">/proc/self/fd cannot be read.</exception>
    public static void CloseInherited()
    {
        const long getFlags = 1, closeOnExec = 1;
        if (!HostDirectories.Open("/proc/self/fd").Ok(out var directory, out var error) || !directory.List().Ok(out var open, out error))
        {
            throw new InvalidOperationException($"/proc/self/fd: {error}");
        }

        directory.Dispose();
        foreach (var entry in open)
        {
            var fd = int.Parse(entry.Name, CultureInfo.InvariantCulture);
            if (fd > 2 && Host.Call(Nr.fcntl, fd, getFlags) is >= 0 and var flags && (flags & closeOnExec) == 0)
            {
                _ = Host.Call(Nr.close, fd);
            }
        }
    }

    /// <summary>Drops capabilities, leaves only these files. Only the calling thread and threads that come from it can hold guests afterwards.</summary>
    /// <exception cref="InvalidOperationException">The host refused.</exception>
    /// <param name="grants">Gives the files; asked for as late as possible, since another thread may be looking for them.</param>
    /// <param name="connects">TCP connections may be made.</param>
    /// <param name="listens">TCP ports may be taken.</param>
    /// <param name="hasGuests">It is a kernel, whose file systems keep capabilities. Else none stays.</param>
    public static void RestrictFiles(Func<IEnumerable<FileGrant>> grants, bool connects = false, bool listens = false, bool hasGuests = true)
    {
        HostFd? rules = null;
        if (HasLandlock && !Landlock.Create(grants(), connects, listens).Ok(out rules, out var error))
        {
            throw new InvalidOperationException($"Landlock: {error}");
        }

        using (rules)
        {
            EveryThread.Restrict(rules, hasGuests ? KeptCapabilities : 0);
        }
    }

    /// <summary>Leaves only the calls of <see cref="HostCalls"/>, on all threads.</summary>
    /// <exception cref="InvalidOperationException">The host refused.</exception>
    /// <param name="serves">Sockets that listen already may be served.</param>
    /// <param name="network">IP sockets may be opened.</param>
    /// <param name="hasGuests">It is a kernel: the memory of guests may be read and written.</param>
    public static void RestrictCalls(bool serves = false, bool network = false, bool hasGuests = true)
    {
        // The runtime takes SIGCHLD for programs that it starts, of which there can be none any more; the keeper waits for guests by
        // other means. By default the signal is dropped, and no thread wakes up at each guest's end.
        var action = stackalloc long[4]; // struct kernel_sigaction: SIG_DFL
        new Span<long>(action, 4).Clear();
        const long child = 17, maskSize = 8;
        _ = Host.Call(Nr.rt_sigaction, child, (long)action, 0, maskSize);
        const long threadSync = 1;
        var program = ConfinementFilter.Build((int)Host.Call(Nr.getpid), serves, network, hasGuests);
        fixed (byte* code = program)
        {
            // SAFETY: struct sock_fprog: a length and a pointer to the pinned program. SECCOMP_SET_MODE_FILTER.
            var filter = stackalloc long[] { program.Length / 8, (long)code };
            var result = Host.Call(Nr.seccomp, 1, threadSync | Seccomp.FilterSpecAllow, (long)filter);
            if (result != 0)
            {
                throw new InvalidOperationException($"the host refused the filter on our own calls: {(result > 0 ? $"thread {result} has another one" : Host.ErrnoOf(result).ToString())}");
            }
        }
    }
}
