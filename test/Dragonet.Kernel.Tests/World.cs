using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Kernel.Tests;

/// <summary>A kernel with tasks whose system calls are delegates.</summary>
internal sealed class World : IDisposable
{
    private readonly FakePersonality _personality = new();

    public World() => Kernel = new Kernel(new FakePlatform(Clock), _personality, Clock);

    public FakeClock Clock { get; } = new();

    public Kernel Kernel { get; }

    /// <summary>A task of a new process, leader of a session.</summary>
    public Task NewTask(FakeSpace? space = null)
    {
        var task = Kernel.CreateProcess(Credentials.Root, new FdTable(Kernel.Jails.Root), null!).Value;
        var thread = new FakeThread(space ?? new FakeSpace()) { Owner = task };
        thread.Space.Owner = task.Process;
        task.Thread = thread;
        return task;
    }

    /// <summary>Makes a call; null when it waits, see <see cref="Answer"/>.</summary>
    public long? Call(Task task, Func<Task, SysResult> call)
    {
        _personality.Calls[task] = call;
        ((FakeThread)task.Thread).Answer = null;
        Kernel.OnSystemCall(task.Thread, default);
        return Answer(task);
    }

    /// <summary>Interrupts a task where its next call is this one.</summary>
    /// <returns>How often the task came to have its signals delivered.</returns>
    public int Interrupt(Task task, int number, ulong after, Func<Task, SysResult> call)
    {
        var thread = (FakeThread)task.Thread;
        _personality.Calls[task] = call;
        (thread.Answer, thread.NextCall) = (null, new SystemCall(number, 0, 0, 0, 0, 0, 0, after));
        var before = _personality.Traps;
        Kernel.OnTrap(thread, new Trap(TrapKind.Interrupt));
        return _personality.Traps - before;
    }

    /// <summary>What the last call was answered, once everything that was woken has run.</summary>
    public long? Answer(Task task)
    {
        Kernel.Drain();
        return ((FakeThread)task.Thread).Answer;
    }

    public void Dispose() => Kernel.Dispose();
}
