namespace Dragonet.Memory;

/// <summary>Who pays for memory: a file system with a size limit, a jail. Thread-safe; called with locks held.</summary>
public interface IMemoryAccount
{
    /// <summary>Takes bytes; false (and nothing is taken) beyond the limit.</summary>
    bool TryCharge(long bytes);

    /// <summary>Gives bytes back.</summary>
    void Release(long bytes);
}
