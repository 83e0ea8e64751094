using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet;

/// <summary>A host thread that waits for a kernel object.</summary>
internal sealed class HostWaiter : PollWait, IDisposable
{
    private readonly Sleeper _sleeper = new();
    private readonly List<WaitQueue.Entry> _entries = [];

    public override void Add(WaitQueue queue, PollEvents interest = PollEvents.All, bool exclusive = false) => _entries.Add(queue.Add(_sleeper, interest, exclusive));

    /// <summary>Sleeps until one of the queues is woken.</summary>
    public void Wait() => _sleeper.Woken.Wait();

    public void Dispose()
    {
        foreach (var entry in _entries)
        {
            entry.Queue.Remove(entry);
        }
    }

    private sealed class Sleeper : Waiter
    {
        public ManualResetEventSlim Woken { get; } = new(false, 0);

        public override bool Fire(WaitQueue.Entry entry, PollEvents events)
        {
            Woken.Set();
            return true;
        }
    }
}
