using Dragonet.Platform.Linux.Channels;
using Dragonet.Platform.Linux.Guests;
using Xunit;

namespace Dragonet.Platform.Linux.Tests;

public sealed class ForkHabitTests
{
    [Fact]
    public void The_child_of_a_program_whose_last_one_asked_much_shall_have_a_channel_at_birth()
    {
        var parent = new SlotMap();
        Assert.False(parent.Children.AsksMuch);
        Child(parent).AskMuch();
        Assert.True(parent.Children.AsksMuch);
        Assert.False(Child(parent).Children.AsksMuch); // its own children are others
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(ForkHabit.WorthIt - 1, false)]
    [InlineData(ForkHabit.WorthIt, true)]
    public void One_that_made_few_calls_with_it_was_the_last(int calls, bool still)
    {
        var (parent, asks) = (new SlotMap(), 0);
        Child(parent).AskMuch();
        var child = Child(parent);
        using var channel = Channel.Create()!;
        Assert.True(child.TrySetChannel(0, channel, atBirth: true));
        while (asks++ < calls)
        {
            Assert.True(channel.TryRing(default, ChannelCalls.MakeTable(strict: false, wakes: false), out _));
        }

        child.Leave(null);
        Assert.Equal(still, parent.Children.AsksMuch);
    }

    [Fact]
    public void A_channel_that_came_when_it_was_asked_for_says_nothing()
    {
        var parent = new SlotMap();
        var child = Child(parent);
        child.AskMuch();
        using var channel = Channel.Create()!;
        Assert.True(child.TrySetChannel(0, channel, atBirth: false));
        child.Leave(null);
        Assert.True(parent.Children.AsksMuch);
    }

    private static SlotMap Child(SlotMap parent)
    {
        var child = parent.Fork(0);
        child.Enter();
        return child;
    }
}
