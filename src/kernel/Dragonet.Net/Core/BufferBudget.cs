namespace Dragonet.Net;

/// <summary>Bytes that wait in the sockets of one stack, and how many may.</summary>
/// <param name="limit">The most.</param>
public sealed class BufferBudget(long limit)
{
    /// <summary>The most.</summary>
    public long Limit => limit;

    /// <summary>Bytes now.</summary>
    public long Used { get; private set; }

    /// <summary>True when they would not go beyond the limit; then they count.</summary>
    public bool TryCharge(long bytes)
    {
        if (Used + bytes > limit)
        {
            return false;
        }

        Used += bytes;
        return true;
    }

    /// <summary>They count, whatever the limit.</summary>
    public void Charge(long bytes) => Used += bytes;

    public void Release(long bytes) => Used -= bytes;
}
