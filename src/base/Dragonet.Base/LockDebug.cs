using System.Diagnostics;

namespace Dragonet.Base;

/// <summary>Checks the lock order in Debug builds. The one allowed per-thread static: it observes locks, it carries no kernel state.</summary>
internal static class LockDebug
{
#if DEBUG
    [ThreadStatic]
    private static Stack<LockRank>? s_held;

    internal static void Entering(LockRank rank)
    {
        var held = s_held ??= new Stack<LockRank>();
        foreach (var other in held)
        {
            if (other > rank)
            {
                throw new InvalidOperationException($"lock order: {rank} taken while {other} is held");
            }
        }

        held.Push(rank);
    }

    internal static void Left(LockRank rank)
    {
        // Locks are scopes, so they leave in reverse order.
        var top = s_held!.Pop();
        Debug.Assert(top == rank);
    }
#else
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
