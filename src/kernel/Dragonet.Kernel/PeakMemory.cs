using Dragonet.Platform;

namespace Dragonet.Kernel;

/// <summary>
/// The most memory that was resident at one time in any of some address spaces that have ended. The host tells it when its process is gone,
/// a moment after the guest's has ended, and hardly anybody asks: so the spaces are kept until they know. Thread-safe.
/// </summary>
internal sealed class PeakMemory
{
    private readonly Lock _lock = new();      // a leaf; two of them only one after the other
    private readonly List<VmSpace> _open = []; // of which it is not known yet; guarded by _lock
    private long _known;                       // guarded by _lock

    /// <summary>A space has ended, or is just ending.</summary>
    public void Add(VmSpace space)
    {
        lock (_lock)
        {
            Settle();
            if (space.TryGetFinalPeak(wait: false, out var bytes))
            {
                _known = Math.Max(_known, bytes);
            }
            else
            {
                _open.Add(space);
            }
        }
    }

    /// <summary>Counts all that another one counts.</summary>
    public void Add(PeakMemory other)
    {
        VmSpace[] open;
        long known;
        lock (other._lock)
        {
            other.Settle();
            (open, known) = ([.. other._open], other._known);
        }

        lock (_lock)
        {
            Settle();
            _known = Math.Max(_known, known);
            _open.AddRange(open);
        }
    }

    /// <summary>Bytes. Waits for the host where it must: no lock may be held.</summary>
    public long Get()
    {
        VmSpace[] open;
        lock (_lock)
        {
            Settle();
            if (_open.Count == 0)
            {
                return _known;
            }

            open = [.. _open];
        }

        foreach (var space in open)
        {
            _ = space.TryGetFinalPeak(wait: true, out _);
        }

        lock (_lock)
        {
            Settle();
            return _known;
        }
    }

    /// <summary>Takes what has become known. Lock held.</summary>
    private void Settle()
    {
        for (var i = _open.Count - 1; i >= 0; i--)
        {
            if (_open[i].TryGetFinalPeak(wait: false, out var bytes))
            {
                _known = Math.Max(_known, bytes);
                _open.RemoveAt(i);
            }
        }
    }
}
