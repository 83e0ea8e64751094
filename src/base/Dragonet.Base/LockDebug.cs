using System.Diagnostics;

namespace Dragonet.Base;

/// <summary>Checks the lock order in Debug builds, and lets a test decide who goes on where threads meet at a lock. The one allowed per-thread
/// static: it observes locks, it carries no kernel state.</summary>
internal static class LockDebug
{
#if DEBUG
    [ThreadStatic]
    private static Held? s_held;

    /// <summary>Of the calling thread from now on: called before each lock, and while another thread has it.</summary>
    internal static void SetTurns(LockTurns turns) => (s_held ??= new Held()).Turns = turns;

    internal static void Entering(LockRank rank)
    {
        var held = (s_held ??= new Held()).Ranks;
        foreach (var other in held)
        {
            if (other > rank)
            {
                throw new InvalidOperationException($"lock order: {rank} taken while {other} is held");
            }
        }

        held.Push(rank);
    }

    internal static void Acquire(Lock taken)
    {
        if (s_held?.Turns is not { } turns)
        {
            taken.Enter();
            return;
        }

        for (turns(isTaken: false); !taken.TryEnter(); turns(isTaken: true))
        {
            // Whoever has it gets on only while this thread has not its turn.
        }
    }

    internal static void Left(LockRank rank)
    {
        // Locks are scopes, so they leave in reverse order.
        var top = s_held!.Ranks.Pop();
        Debug.Assert(top == rank);
    }

    private sealed class Held
    {
        internal Stack<LockRank> Ranks { get; } = new();

        internal LockTurns? Turns { get; set; }
    }
#else
    internal static void SetTurns(LockTurns turns)
    {
        // Turns are for tests; a lock of a Release build asks nobody.
    }

    internal static void Acquire(Lock taken) => taken.Enter();

    [Conditional("DEBUG")]
    internal static void Entering(LockRank rank)
    {
    }

    [Conditional("DEBUG")]
    internal static void Left(LockRank rank)
    {
    }
#endif
}
