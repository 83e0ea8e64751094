using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>
/// An open that is under way: a FIFO whose other end has not come. The open call keeps it as its state, waits on <see cref="Queue"/>
/// and takes the real file from <see cref="Complete"/>; disposed before that, the open is withdrawn.
/// </summary>
public abstract class PendingOpen(OpenFlags flags) : OpenFile(flags), IDisposable
{
    /// <summary>Wakes when <see cref="IsReady"/> may have become true.</summary>
    public abstract WaitQueue Queue { get; }

    /// <summary>True when the open need not wait any more.</summary>
    public abstract bool IsReady { get; }

    /// <summary>The open file; once.</summary>
    public abstract OpenFile Complete();

    /// <inheritdoc/>
    public abstract void Dispose();
}
