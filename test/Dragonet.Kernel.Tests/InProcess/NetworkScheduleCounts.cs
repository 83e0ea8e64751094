namespace Dragonet.Kernel.Tests.InProcess;

/// <summary>What schedules came to: a test in which nothing happens proves nothing.</summary>
internal sealed class NetworkScheduleCounts
{
    internal long Connected { get; set; }

    internal long Accepted { get; set; }

    internal long Received { get; set; }

    internal long Moves { get; set; }

    internal long Destroyed { get; set; }

    internal long Removed { get; set; }

    internal void Add(NetworkScheduleCounts other) => (Connected, Accepted, Received, Moves, Destroyed, Removed)
        = (Connected + other.Connected, Accepted + other.Accepted, Received + other.Received, Moves + other.Moves, Destroyed + other.Destroyed, Removed + other.Removed);
}
