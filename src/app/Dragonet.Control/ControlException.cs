namespace Dragonet.Control;

/// <summary>The other side cannot be reached, does not keep to the protocol, or says no.</summary>
public sealed class ControlException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>There is no kernel to ask.</summary>
    public bool NothingRuns { get; init; }
}
