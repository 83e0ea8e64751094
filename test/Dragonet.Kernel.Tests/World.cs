using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Kernel.Tests;

/// <summary>A kernel with tasks whose system calls are delegates.</summary>
internal sealed class World : IDisposable
{
    private readonly FakePersonality _personality = new();

    public World() => Kernel = new Kernel(new FakePlatform(), _personality, Clock);

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

    /// <summary>What the last call was answered, once everything that was woken has run.</summary>
    public long? Answer(Task task)
    {
        Kernel.Drain();
        return ((FakeThread)task.Thread).Answer;
    }

    public void Dispose() => Kernel.Dispose();
}
