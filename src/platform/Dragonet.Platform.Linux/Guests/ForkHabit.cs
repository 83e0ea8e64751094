namespace Dragonet.Platform.Linux.Guests;

/// <summary>
/// What the processes that one program forks do, as far as it was seen: those that make many calls, as the children of servers and of perl(1)
/// do, get a channel with their birth instead of after half of their life. Thread-safe.
/// </summary>
internal sealed class ForkHabit
{
    /// <summary>So many calls are worth a channel; the next child of a program whose last one made fewer gets none.</summary>
    internal const int WorthIt = 24;

    private volatile bool _asksMuch;

    /// <summary>The last one that told made many calls.</summary>
    internal bool AsksMuch
    {
        get => _asksMuch;
        set => _asksMuch = value;
    }
}
