namespace Dragonet.Platform;

/// <summary>
/// The signal mask of one guest thread, lent to the guest: while it is lent, rt_sigprocmask(2) is answered in the guest, and the mask
/// here is the thread's. Thread-safe.
/// </summary>
public interface ISignalMaskLease
{
    /// <summary>The guest may change the mask by itself.</summary>
    bool IsLent { get; }

    /// <summary>The mask as the guest has it; whatever it wrote, so SIGKILL and SIGSTOP may be in it.</summary>
    ulong Mask { get; }

    /// <summary>Lends it. Nothing may be pending for the thread: nobody would see that the guest lets it in.</summary>
    /// <param name="mask">The mask; bit n-1 is signal n.</param>
    void Lend(ulong mask);

    /// <summary>Takes it back. A running guest may be just about to change it: <see cref="Mask"/> is the thread's until it is stopped, and
    /// a guest that changes it after this makes a system call at once.</summary>
    /// <returns>The mask now.</returns>
    ulong Recall();
}
