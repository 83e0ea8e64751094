namespace Dragonet.Platform.Linux.Interop;

/// <summary>
/// Lets one thread through for each time it was opened; openings nobody waited for count as one. A monitor underneath: its waiter
/// sleeps at once, where other primitives spin first, on a processor that a guest could use. Thread-safe.
/// </summary>
internal sealed class Gate
{
    private readonly object _lock = new();
    private bool _open; // guarded by _lock

    /// <summary>Lets the waiter through, or the next one.</summary>
    internal void Open()
    {
        lock (_lock)
        {
            _open = true;
            Monitor.Pulse(_lock);
        }
    }

    /// <summary>Waits until it is open, and closes it.</summary>
    internal void Wait()
    {
        lock (_lock)
        {
            while (!_open)
            {
                _ = Monitor.Wait(_lock);
            }

            _open = false;
        }
    }
}
