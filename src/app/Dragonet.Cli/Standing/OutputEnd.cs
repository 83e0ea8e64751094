namespace Dragonet.Cli.Standing;

/// <summary>Waits until what an ended program printed has been passed on.</summary>
internal static class OutputEnd
{
    /// <summary>A program that it left behind may have its streams, too: that one has a moment to end, and nobody waits longer for it.</summary>
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(500);

    /// <param name="program">It has ended.</param>
    /// <param name="readers">They read its streams to their ends, as fast as who gets it takes it.</param>
    internal static void Await(GuestProcess program, ReadOnlySpan<Thread> readers)
    {
        foreach (var reader in readers)
        {
            if (!reader.Join(s_moment))
            {
                program.EndOutputWhenEmpty();
                reader.Join();
            }
        }
    }
}
