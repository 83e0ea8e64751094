using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Platform;

/// <summary>
/// One guest thread as the platform runs it. It is either running guest code or stopped in a trap that the kernel has been told of
/// (<see cref="ITrapHandler"/>) and has not answered. Every trap is answered exactly once, by one of the Resume methods.
/// </summary>
public abstract class VmThread
{
    /// <summary>The kernel's object for this thread.</summary>
    public object? Owner { get; set; }

    /// <summary>The address space it runs in.</summary>
    public abstract VmSpace Space { get; }

    /// <summary>The guest's memory, for the call that is trapped: what came along with the call need not be fetched, and what the
    /// call writes arrives before the guest continues.</summary>
    public virtual IUserMemory Memory => Space;

    /// <summary>Tells who the thread is for the guest: the platform may answer getpid(2) and its kin itself. To be told again after every change.</summary>
    public virtual void SetIdentity(int process, int thread, uint user, uint effectiveUser, uint group, uint effectiveGroup)
    {
    }

    /// <summary>Where its signal mask can be lent to the guest; null where it cannot.</summary>
    public virtual ISignalMaskLease? MaskLease => null;

    /// <summary>The head of its robust list, when the guest set one without a call (set_robust_list(2)); else null. Null forgets it: the kernel
    /// was told of another one.</summary>
    public virtual ulong? RobustList
    {
        get => null;
        set
        {
        }
    }

    /// <summary>True when the trapped call came a quick way, whose answer must not wait: it is answered at once or repeated.</summary>
    public virtual bool IsQuick => false;

    /// <summary>Answers a call that is <see cref="IsQuick"/> by having the guest make it again, in a trap that may be answered late.
    /// False (and nothing happened) for others.</summary>
    public virtual bool TryRepeat() => false;

    /// <summary>Sets the highest bit of an aligned 32-bit word, atomically with what other threads of the guest do to it. Only in a full
    /// trap (<see cref="HasContext"/>); it waits for the guest's side, so no lock of the kernel may be held.</summary>
    /// <returns>EFAULT when the word cannot be written.</returns>
    public virtual Errno SetHighBit(ulong address)
    {
        // For platforms whose guests do not run while the kernel does.
        Span<byte> word = stackalloc byte[4];
        if (Space.Read(address, word) is not Errno.OK and var error)
        {
            return error;
        }

        word[3] |= 0x80;
        return Space.Write(address, word);
    }

    /// <summary>The trapped call will be answered late, perhaps by another thread. What came along with it may be given up, and what it wrote
    /// so far arrive: <see cref="Memory"/> can be another one from now on.</summary>
    public virtual void OnWait()
    {
    }

    /// <summary>Answers a trapped system call: the guest continues with this value in rax.</summary>
    public abstract void Resume(long value);

    /// <summary>Answers a trapped system call by letting the host perform it with the guest's own registers.
    /// False (and nothing happened) when the platform cannot.</summary>
    public abstract bool ResumeNative();

    /// <summary>Like <see cref="ResumeNative"/> for mmap(2) of a file: the backing is lent as descriptor <paramref name="descriptor"/>,
    /// the number that the guest passed.</summary>
    /// <param name="code">For a private executable mapping: its range of the file. The platform may put equivalent code there.</param>
    public abstract Errno ResumeNativeMap(IMemoryBacking backing, bool writable, int descriptor, (long Offset, ulong Length)? code);

    /// <summary>True when it sleeps in a call that the platform performs for it.</summary>
    public abstract bool IsSleeping { get; }

    /// <summary>Makes the thread, wherever it is in guest code, trap with <see cref="TrapKind.Interrupt"/> soon. When it is stopped in
    /// a system call, the trap follows right after that call is answered.</summary>
    public abstract void Interrupt();

    /// <summary>In a trap of <see cref="TrapKind.Interrupt"/>: true when the guest is right before a system call, with everything that the call
    /// needs in its registers.</summary>
    public virtual bool TryPeekCall(out SystemCall call)
    {
        call = default;
        return false;
    }

    /// <summary>After <see cref="TryPeekCall"/>: makes the trap that call's; its answer is <see cref="Resume"/>.</summary>
    /// <returns>False (and nothing happened) when the guest's memory is gone.</returns>
    public virtual bool BeginCall(in SystemCall call) => false;

    /// <summary>True when the current trap gives the full register file (<see cref="GetContext"/>, <see cref="ResumeWith"/>, <see cref="Clone"/>).</summary>
    public abstract bool HasContext { get; }

    /// <summary>Reads the registers of a thread stopped in a full trap.</summary>
    public abstract Errno GetContext(MachineContext context);

    /// <summary>Replaces the registers of a thread stopped in a full trap, or of a fresh one, and continues it.</summary>
    public abstract Errno ResumeWith(MachineContext context);

    /// <summary>Makes a copy of a thread stopped in a full trap: in a copy of its address space, or in the same one. The new thread is
    /// stopped in a full trap with the same registers, but for the stack pointer and the thread pointer when given; a thread of the same
    /// process may run on by itself with 0 as the call's result, and what it asks for comes after its <see cref="Resume"/>. Only on the host
    /// thread that brought the trap, before it returns from <see cref="ITrapHandler"/>.</summary>
    public abstract Result<VmThread> Clone(in CloneRequest request);

    /// <summary>Maps into its address space. Without backing: anonymous private memory. Only in a full trap and before
    /// <see cref="ResumeWith"/>; while other threads run in the space only on the host thread that brought the trap.</summary>
    public abstract Result<ulong> Map(ulong address, ulong length, VmProt protection, VmMapFlags flags, IMemoryBacking? backing, long offset);

    /// <summary>Unmaps, under the same conditions as <see cref="Map"/>.</summary>
    public virtual Errno Unmap(ulong address, ulong length) => Errno.ENOSYS;

    /// <summary>Changes the protection of what is mapped, under the same conditions as <see cref="Map"/>.</summary>
    public virtual Errno Protect(ulong address, ulong length, VmProt protection) => Errno.ENOSYS;

    /// <summary>Limits it to these processors (bit n is number n of <see cref="IPlatform.Processors"/>).</summary>
    public virtual void SetProcessors(ReadOnlySpan<byte> mask)
    {
    }

    /// <summary>Asks for a nice value (nice(2)); the platform does what it is allowed to.</summary>
    public virtual void SetNice(int nice)
    {
    }

    /// <summary>Number of the processor it runs on or ran on last; -1 when the platform does not know.</summary>
    public virtual int Processor => -1;

    /// <summary>Makes several mappings, in order; at the first failure the rest may be missing. As <see cref="Map"/>, but in fewer steps
    /// where the platform can.</summary>
    public virtual Errno MapAll(ReadOnlySpan<VmMapping> mappings)
    {
        foreach (var mapping in mappings)
        {
            if (!Map(mapping.Address, mapping.Length, mapping.Protection, mapping.Flags | VmMapFlags.Fixed, mapping.Backing, mapping.Offset).Ok(out _, out var error))
            {
                return error;
            }
        }

        return Errno.OK;
    }

    /// <summary>Ends this thread without another guest instruction; its trap needs no answer any more.
    /// The address space ends with its last thread.</summary>
    public abstract void Exit();
}
