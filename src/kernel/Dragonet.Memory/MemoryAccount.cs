namespace Dragonet.Memory;

/// <summary>A plain account: so many bytes and no more. Thread-safe.</summary>
/// <param name="limit">How many.</param>
/// <param name="above">Pays, too; null for nobody.</param>
public sealed class MemoryAccount(long limit, MemoryAccount? above = null) : IMemoryAccount
{
    private long _used;

    /// <summary>Bytes taken.</summary>
    public long Used => Volatile.Read(ref _used);

    /// <summary>True when twice the limit is taken (<see cref="Charge"/> does not ask): nothing new should be begun.</summary>
    public bool IsExhausted => Used / 2 >= limit || above?.IsExhausted == true;

    /// <inheritdoc/>
    public bool TryCharge(long bytes)
    {
        if (Interlocked.Add(ref _used, bytes) <= limit && above?.TryCharge(bytes) != false)
        {
            return true;
        }

        _ = Interlocked.Add(ref _used, -bytes);
        return false;
    }

    /// <summary>Takes bytes whatever the limit is.</summary>
    public void Charge(long bytes)
    {
        _ = Interlocked.Add(ref _used, bytes);
        above?.Charge(bytes);
    }

    /// <inheritdoc/>
    public void Release(long bytes)
    {
        _ = Interlocked.Add(ref _used, -bytes);
        above?.Release(bytes);
    }
}
