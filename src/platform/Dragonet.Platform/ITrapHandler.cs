namespace Dragonet.Platform;

/// <summary>The kernel as the platform sees it. Called on the platform's threads, for different guest threads at the same time.</summary>
public interface ITrapHandler
{
    /// <summary>A guest thread made a system call. Answer now or later with a Resume method.</summary>
    void OnSystemCall(VmThread thread, in SystemCall call);

    /// <summary>A guest thread was interrupted or faulted. Answer with <see cref="VmThread.ResumeWith"/> or <see cref="VmThread.Resume"/>
    /// (which then continues it unchanged and ignores the value).</summary>
    void OnTrap(VmThread thread, in Trap trap);

    /// <summary>A thread that <see cref="VmThread.Clone"/> had made will never run: its maker was interrupted, or the host refused it.</summary>
    void OnStillborn(VmThread thread);

    /// <summary>The host process of an address space died although the kernel had not ended it (the host's out-of-memory killer, a destroyed stub).</summary>
    /// <param name="signal">The host signal that ended it, or 0.</param>
    void OnDeath(VmSpace space, int signal);
}
