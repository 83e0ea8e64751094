using Dragonet.Net.Tests;
using Xunit;

namespace Dragonet.Kernel.Tests.InProcess;

/// <summary>V7 on whole jails.</summary>
public sealed class NetworkInterleavingTests
{
    /// <summary>Orders that once were bad: a bind that came behind the last close of its socket, by another thread, kept its port and what came to it;
    /// an interface that a guest had made was told of, and changed, when its jail's other thread had removed it already.</summary>
    [Theory]
    [InlineData(4659)]
    [InlineData(4015874)]
    public void V7_orders_that_were_bad_once(int seed)
    {
        using var schedule = new NetworkSchedule(seed);
        schedule.Play();
    }

    /// <summary>An order that was bad can be played again: nothing in it depends on where objects lie, on hashes, or on the host's time.</summary>
    [Fact]
    public void V7_the_same_seed_is_the_same_order()
    {
        for (var seed = 900_000; seed < 900_010; seed++)
        {
            var choices = new long[2];
            for (var i = 0; i < choices.Length; i++)
            {
                using var schedule = new NetworkSchedule(seed);
                schedule.Play();
                choices[i] = schedule.Choices;
            }

            Assert.True(choices[0] > 100, $"seed {seed}: {choices[0]} choices");
            Assert.True(choices[0] == choices[1], $"seed {seed}: {choices[0]} choices, then {choices[1]}");
        }
    }

    /// <summary>V7: links are made, moved and destroyed and jails removed, in any order of everybody's calls and locks, while programs in the jails
    /// send, receive and wait: no oops, and nothing left of any of them. DRAGONET_LONG=1: 100,000 orders, or as
    /// many as it says; DRAGONET_FUZZ_SEED: the first one.</summary>
    [Fact]
    public void V7_no_order_of_events_harms_jails_and_nothing_is_left_of_them()
    {
        var longer = int.TryParse(Environment.GetEnvironmentVariable("DRAGONET_LONG"), out var asked) ? asked : 0;
        var orders = longer > 1 ? longer : longer == 1 ? 100_000 : 100;
        var counts = new NetworkScheduleCounts();
        for (var order = 0; order < orders; order++)
        {
            var seed = FuzzTime.Seed + order;
            try
            {
                using var schedule = new NetworkSchedule(seed);
                schedule.Play();
                counts.Add(schedule.Counts);
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                throw new InvalidOperationException($"seed {seed} (DRAGONET_FUZZ_SEED={seed} begins with it)", failure);
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{orders} orders: {counts.Connected} connected, {counts.Accepted} accepted, {counts.Received} received, {counts.Moves} moved, {counts.Destroyed} destroyed, {counts.Removed} jails removed");
        Assert.True(Math.Min(counts.Accepted, counts.Moves) > orders / 4 && counts.Received > orders && counts.Removed > orders / 4, "too little happened");
    }
}
