using System.Runtime.CompilerServices;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Confinement;
using Dragonet.Platform.Linux.Interop;
using Xunit;

namespace Dragonet.Platform.Linux.Tests;

/// <summary>The runtime's finalizer thread does not wake an idle process.</summary>
public sealed class QuietFinalizerTests
{
    private static long s_slack;

    [Fact]
    public void Its_timers_wait_for_other_wake_ups_and_finalizers_do_not()
    {
        Assert.InRange(SlackOfFinalizer(), 1, 1_000_000_000);
        EveryThread.QuietFinalizer();
        Assert.Equal(3_600_000_000_000, SlackOfFinalizer());
    }

    private static long SlackOfFinalizer()
    {
        Volatile.Write(ref s_slack, 0);
        Drop();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Volatile.Read(ref s_slack);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Drop() => _ = new Asker();

    private sealed class Asker
    {
        private const long GetTimerSlack = 30;

        ~Asker() => Volatile.Write(ref s_slack, Host.Call(Nr.prctl, GetTimerSlack));
    }
}
