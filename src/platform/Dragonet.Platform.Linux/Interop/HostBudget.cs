namespace Dragonet.Platform.Linux.Interop;

/// <summary>How many of a thing of the host's there may be that guests have the kernel take: windows, views. Thread-safe.</summary>
/// <param name="most">That many.</param>
internal sealed class HostBudget(int most)
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
