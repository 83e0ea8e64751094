using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Kernel.Tests;

/// <summary>Every system call of a task is the delegate that the test gave it.</summary>
internal sealed class FakePersonality : Personality
{
    public Dictionary<Task, Func<Task, SysResult>> Calls { get; } = [];

    public override SysResult Dispatch(Task task, in SystemCall call) => Calls[task](task);

    public override void OnTrap(Task task, in Trap trap)
    {
        _ = task.TakeInterruptedCall();
        task.LeaveKernel();
    }

    public override void OnTaskExit(Task task, bool group)
    {
    }
}
