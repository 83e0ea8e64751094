using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Kernel.Tests;

/// <summary>Every system call of a task is the delegate that the test gave it.</summary>
internal sealed class FakePersonality : Personality
{
    public Dictionary<Task, Func<Task, SysResult>> Calls { get; } = [];

    /// <summary>The only call that may wait.</summary>
    public const int Waiting = 7;

    /// <summary>How many traps there were.</summary>
    public int Traps { get; private set; }

    public override bool MayWait(int number) => number == Waiting;

    public override SysResult Dispatch(Task task, in SystemCall call) => Calls[task](task);

    public override void OnTrap(Task task, in Trap trap)
    {
        Traps++;
        _ = task.TakeInterruptedCall();
        task.LeaveKernel();
    }

    public override void OnTaskExit(Task task, bool group)
    {
    }
}
