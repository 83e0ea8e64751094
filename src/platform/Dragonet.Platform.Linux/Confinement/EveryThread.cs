using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Confinement;

/// <summary>What is changed on threads that the runtime made. Rights belong to threads on Linux (credentials(7)): landlock_restrict_self(2)
/// and capset(2) change the caller's alone.</summary>
internal static unsafe class EveryThread
{
    private const uint Version = 0x2008_0522; // _LINUX_CAPABILITY_VERSION_3

    /// <summary>Gives up rights on every thread that exists; threads made later inherit from their makers.</summary>
    /// <param name="rules">Landlock rules, or null where there is no Landlock.</param>
    /// <param name="kept">Capabilities to keep, as a mask.</param>
    /// <exception cref="InvalidOperationException">A thread could not be restricted.</exception>
    internal static void Restrict(HostFd? rules, ulong kept)
    {
        const int capabilitiesOffset = 8;
        using var handler = new ThreadHandler();
        *(ulong*)handler.Data = Version; // and pid 0, the caller
        Mask(handler.Data + capabilitiesOffset, kept);
        const ulong noNewPrivileges = 38;
        handler.Add(Nr.prctl, noNewPrivileges, 1); // which landlock_restrict_self wants
        handler.Add(Nr.capset, (ulong)handler.Data, (ulong)(handler.Data + capabilitiesOffset));
        if (rules is not null)
        {
            handler.Add(Nr.landlock_restrict_self, (ulong)rules.Number);
        }

        handler.Finish();
        handler.RunHere(); // first: what this thread makes from now on inherits it
        handler.RunElsewhere();
        if (handler.Error != Errno.OK)
        {
            throw new InvalidOperationException($"the host does not let us restrict ourselves: {handler.Error}");
        }
    }

    /// <summary>What the thread has now and may keep, in the two halves of struct __user_cap_data_struct.</summary>
    private static void Mask(byte* at, ulong kept)
    {
        var header = stackalloc uint[] { Version, 0 };
        var now = stackalloc uint[6];
        // SAFETY: version 3 has two structures of three words: effective, permitted, inheritable.
        if (Host.Call(Nr.capget, (long)header, (long)now) is < 0 and var error)
        {
            throw new InvalidOperationException($"capget: {Host.ErrnoOf(error)}");
        }

        var data = (uint*)at;
        for (var half = 0; half < 2; half++)
        {
            var mask = (uint)(kept >> (half * 32));
            data[half * 3] = now[half * 3] & mask;
            data[(half * 3) + 1] = now[(half * 3) + 1] & mask;
            data[(half * 3) + 2] = 0;
        }
    }
}
