namespace Dragonet.Net;

/// <summary>What is at the other end of a stack's cable and runs whenever the stack runs, under the same lock: a gateway, a switch.</summary>
public interface IStackPeer
{
    /// <summary>When it wants to be run at the latest.</summary>
    long NextDeadline { get; }

    /// <summary>Sockets of the host that it has open; for the census.</summary>
    int HostSockets { get; }

    /// <summary>Does what is to be done.</summary>
    /// <param name="now">The time.</param>
    /// <returns>True when the stack may have got something.</returns>
    bool Run(long now);

    /// <summary>The stack is gone.</summary>
    void End();
}
