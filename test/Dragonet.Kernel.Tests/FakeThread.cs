using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Kernel.Tests;

/// <summary>A guest thread that remembers what its last call was answered.</summary>
internal sealed class FakeThread(FakeSpace space) : VmThread
{
    /// <summary>The answer, or null while the call waits.</summary>
    public long? Answer { get; set; }

    /// <summary>The call that the guest is right before when it is interrupted.</summary>
    public SystemCall? NextCall { get; set; }

    public override bool IsSleeping => false;

    public override bool TryPeekCall(out SystemCall call)
    {
        call = NextCall.GetValueOrDefault();
        return NextCall is not null;
    }

    public override bool BeginCall(in SystemCall call) => true;

    public override VmSpace Space => space;

    public override bool HasContext => false;

    public override void Resume(long value) => Answer = value;

    public override bool ResumeNative() => false;

    public override Errno ResumeNativeMap(IMemoryBacking backing, bool writable, int descriptor, (long Offset, ulong Length)? code) => Errno.ENOSYS;

    public override void Interrupt()
    {
    }

    public override Errno GetContext(MachineContext context) => Errno.ENOSYS;

    public override Errno ResumeWith(MachineContext context) => Errno.ENOSYS;

    public override Result<VmThread> Clone(in CloneRequest request) => Errno.ENOSYS;

    public override Result<ulong> Map(ulong address, ulong length, VmProt protection, VmMapFlags flags, IMemoryBacking? backing, long offset) => Errno.ENOSYS;

    public override void Exit()
    {
    }
}
