using System.Collections.Concurrent;

namespace Dragonet.Platform.Linux.Tests;

/// <summary>A trap handler that hands every trap to the test.</summary>
internal sealed class RecordingKernel : ITrapHandler
{
    private readonly BlockingCollection<(VmThread Thread, SystemCall? Call, Trap? Trap)> _traps = [];

    internal BlockingCollection<VmThread> Stillborn { get; } = [];

    internal BlockingCollection<(VmSpace Space, int Signal)> Deaths { get; } = [];

    /// <summary>Runs on the platform's thread when a call arrives: cloning is only possible there.</summary>
    internal Action<VmThread>? AtCall { get; set; }

    public void OnSystemCall(VmThread thread, in SystemCall call)
    {
        AtCall?.Invoke(thread);
        _traps.Add((thread, call, null));
    }

    public void OnTrap(VmThread thread, in Trap trap) => _traps.Add((thread, null, trap));

    public void OnDeath(VmSpace space, int signal) => Deaths.Add((space, signal));

    public void OnStillborn(VmThread thread) => Stillborn.Add(thread);

    internal (VmThread Thread, SystemCall Call) NextCall()
    {
        var (thread, call, trap) = Next();
        return call is { } found ? (thread, found) : throw new InvalidOperationException($"a system call was expected, not {trap}");
    }

    internal (VmThread Thread, Trap Trap) NextTrap()
    {
        var (thread, call, trap) = Next();
        return trap is { } found ? (thread, found) : throw new InvalidOperationException($"a trap was expected, not {call}");
    }

    private (VmThread Thread, SystemCall? Call, Trap? Trap) Next()
        => _traps.TryTake(out var next, TimeSpan.FromSeconds(20)) ? next : throw new TimeoutException("no trap came");
}
