namespace Dragonet;

/// <summary>What else is done for each jail while a kernel shuts down.</summary>
public sealed class ShutdownSteps
{
    /// <summary>Before its programs are asked to end; gets the time there is for all, answers how long they may take at most (null: as long as there is time).</summary>
    public required Func<GuestJail, TimeSpan, TimeSpan?> Stopping { get; init; }

    /// <summary>When the jail is removed.</summary>
    public required Action<GuestJail> Stopped { get; init; }
}
