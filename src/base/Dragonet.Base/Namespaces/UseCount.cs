namespace Dragonet.Base;

/// <summary>How many tasks, descriptors and other objects keep something. It begins with one, its maker's; once it is 0 it stays so. Thread-safe.</summary>
public sealed class UseCount
{
    private int _count = 1;

    /// <summary>True once the last user is gone.</summary>
    public bool IsOver => Volatile.Read(ref _count) == 0;

    /// <summary>One more user.</summary>
    /// <returns>False when the last one is gone already.</returns>
    public bool TryAdd()
    {
        int seen;
        do
        {
            seen = Volatile.Read(ref _count);
            if (seen == 0)
            {
                return false;
            }
        }
        while (Interlocked.CompareExchange(ref _count, seen + 1, seen) != seen);
        return true;
    }

    /// <summary>One user less.</summary>
    /// <returns>True for the last one.</returns>
    public bool Drop() => Interlocked.Decrement(ref _count) == 0;
}
