using Dragonet.Platform.Linux.Channels;
using Xunit;

namespace Dragonet.Platform.Linux.Tests;

/// <summary>Whether spinning pays where others want the processors, too.</summary>
public sealed class SpinAccountTests
{
    private const long Microsecond = 1000;

    [Fact]
    public void Short_calls_without_a_break_pay()
    {
        var account = new SpinAccount(Microsecond);
        for (var i = 0; i < 10_000; i++)
        {
            account.Add(answered: 3, repeated: 0, looking: 2 * Microsecond, serving: 3 * Microsecond);
        }

        Assert.True(account.Pays);
    }

    [Fact]
    public void Looking_in_vain_pays_for_a_moment_only()
    {
        var account = new SpinAccount(Microsecond);
        var looks = Looks(ref account);
        Assert.InRange(looks, 50, 100);
        account.Begin();
        Assert.Equal(looks, Looks(ref account));
    }

    [Fact]
    public void What_was_saved_is_not_spent_for_ever()
    {
        var account = new SpinAccount(Microsecond);
        for (var i = 0; i < 10_000; i++)
        {
            account.Add(10, 0, 0, 10 * Microsecond);
        }

        Assert.InRange(Looks(ref account), 150, 200);
    }

    [Fact]
    public void Calls_that_have_to_wait_do_not_pay()
    {
        // Two programs that answer each other: every second call waits.
        var account = new SpinAccount(Microsecond);
        for (var i = 0; i < 1000; i++)
        {
            account.Add(1, 1, Microsecond, 2 * Microsecond);
        }

        Assert.False(account.Pays);
    }

    [Fact]
    public void Long_calls_do_not_pay()
    {
        var account = new SpinAccount(Microsecond);
        for (var i = 0; i < 100; i++)
        {
            account.Add(1, 0, 0, 30 * Microsecond);
        }

        Assert.False(account.Pays);
    }

    /// <summary>A window that lasted long because the thread was not on a processor must not end it: no guest waits awake so long.</summary>
    [Fact]
    public void A_single_very_long_call_is_forgiven()
    {
        var account = new SpinAccount(Microsecond);
        account.Add(1, 0, 0, 100_000 * Microsecond);
        Assert.True(account.Pays);
    }

    /// <summary>How often it can look in vain for two microseconds.</summary>
    private static int Looks(ref SpinAccount account)
    {
        var looks = 0;
        for (; account.Pays; looks++)
        {
            account.Add(0, 0, 2 * Microsecond, 0);
        }

        return looks;
    }
}
