namespace Dragonet.Platform.InProcess;

/// <summary>What one host thread waits for and another gives. It waits at once: to spin would only keep the other from the processor.</summary>
internal sealed class Turn
{
    private readonly object _lock = new();
    private bool _given; // guarded by _lock

    internal void Give()
    {
        lock (_lock)
        {
            _given = true;
            Monitor.Pulse(_lock);
        }
    }

    /// <summary>Waits for it, and takes it.</summary>
    internal void Wait()
    {
        lock (_lock)
        {
            while (!_given)
            {
                _ = Monitor.Wait(_lock);
            }

            _given = false;
        }
    }
}
