using Dragonet.Base;
using Dragonet.Platform;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>The moment of exec, and what a mapping borrows.</summary>
public sealed partial class Task
{
    private MachineContext? _context;
    private IMemoryBacking? _lent;
    private bool _lentWritable;
    private int _lentFd;
    private (long Offset, ulong Length)? _lentCode;

    /// <summary>Scratch registers for signal delivery, kept because they are large.</summary>
    public MachineContext Context => _context ??= new MachineContext();

    /// <summary>The call about to be answered with <see cref="SysResult.Native"/> is an mmap of this backing.</summary>
    /// <param name="code">For a private executable mapping that is not writable: its range of the file.</param>
    public void LendMapping(IMemoryBacking backing, bool writable, int descriptor, (long Offset, ulong Length)? code = null)
    {
        _lentCode = code;
        _lent = backing;
        _lentWritable = writable;
        _lentFd = descriptor;
    }

    /// <summary>Takes over a new address space with a program in it: other threads end, handlers and close-on-exec descriptors go,
    /// a vfork parent continues.</summary>
    /// <param name="thread">The new address space's thread.</param>
    /// <param name="credentials">What the program may do.</param>
    /// <param name="layout">Where it lies.</param>
    /// <param name="executable">Its file.</param>
    /// <param name="name">Its name.</param>
    /// <param name="old">The old address space, to be killed once the new program runs: its end takes time that need not be waited for.
    /// Null when there is none, or when threads ran in it, which must not go on beside the new program.</param>
    /// <returns>False when the process was killed meanwhile.</returns>
    public bool BecomeProgram(VmThread thread, Credentials credentials, ProgramLayout layout, VfsPath? executable, string name, out VmSpace? old)
    {
        var process = Process;
        var alone = process.TaskCount == 1;
        old = null;
        if (!process.KeepOnly(this))
        {
            return false;
        }

        if (Files.IsShared)
        {
            var own = Files.Copy();
            Files.Leave();
            Files = own;
        }

        Files.CloseForExec();
        Fs = Fs.Copy();
        old = Thread?.Space; // a process started from outside has none
        var sharesMemory = !process.Segments.IsEmpty && process.SharesMemory;
        Kernel.Personality.OnTaskExit(this, group: false);
        ClearTid = 0;
        RobustList = 0;
        AltStack = (0, 2, 0);
        Credentials = credentials;
        Name = name.Length > 15 ? name[..15] : name;
        using (Kernel.TreeLock.Enter())
        {
            process.Actions = process.Actions.CopyForExec();
            process.Layout = layout;
            process.Executable = executable;
            process.Dumpable = 1;
            process.ProgramNamespace = credentials.Namespace;
            process.HasExeced = true;
            process.MemoryId = new object();
            process.ExitSignal = process.ExitSignal == 0 ? 0 : Sig.CHLD;
            EndLeaseLocked(); // it lies in the old memory
            Thread = thread;
            thread.Owner = this;
            thread.Space.Owner = process;
            ApplySchedulingLocked();
            process.ApplyHoldLocked();
        }

        process.RunText(executable?.Dentry.Inode);
        process.ApplyLimits();
        process.OnExec();
        if (old is not null)
        {
            process.TakePastUsage(old);
        }

        process.LeaveSegments(sharesMemory);
        if (!alone)
        {
            old?.Kill();
            old = null;
        }

        _ = process.Changed.Wake();
        return !IsDead;
    }
}
