using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>Looks at the state of files on behalf of a task without registering anywhere.</summary>
public sealed class PollObserver(object? caller) : PollWait
{
    /// <inheritdoc/>
    public override object? Caller => caller;

    /// <inheritdoc/>
    public override void Add(WaitQueue queue, PollEvents interest = PollEvents.All, bool exclusive = false)
    {
    }
}
