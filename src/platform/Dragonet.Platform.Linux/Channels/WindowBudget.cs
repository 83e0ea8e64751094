namespace Dragonet.Platform.Linux.Channels;

/// <summary>How many windows there may be: their memory is the kernel's, whatever a guest does. Thread-safe.</summary>
/// <param name="most">That many.</param>
internal sealed class WindowBudget(int most)
{
    private int _left = most;

    /// <summary>Takes one; false when there is none.</summary>
    internal bool TryTake()
    {
        if (Interlocked.Decrement(ref _left) >= 0)
        {
            return true;
        }

        Give();
        return false;
    }

    /// <summary>Gives one back.</summary>
    internal void Give() => _ = Interlocked.Increment(ref _left);
}
