namespace Dragonet.Fs.Hostfs;

/// <summary>
/// Bounds how many host descriptors are kept open for later. Owners register when they keep one; beyond the limit the oldest are asked to
/// drop theirs, unless they were used since the last look. Thread-safe; owners are asked with no lock held.
/// </summary>
internal sealed class HandlePool
{
    private const int Limit = 512;

    private readonly Lock _lock = new();
    private readonly Queue<IHandleOwner> _kept = new(); // guarded by _lock

    /// <summary>An owner now keeps a descriptor.</summary>
    public void Add(IHandleOwner owner)
    {
        while (true)
        {
            IHandleOwner oldest;
            lock (_lock)
            {
                _kept.Enqueue(owner);
                if (_kept.Count <= Limit)
                {
                    return;
                }

                oldest = _kept.Dequeue();
            }

            if (!oldest.TakeUsed())
            {
                oldest.DropHandle();
                return;
            }

            // A second chance.
            owner = oldest;
        }
    }
}
