using Dragonet.Abi;
using Dragonet.Platform.Linux.Channels;
using Dragonet.Platform.Linux.Guests;
using Xunit;

namespace Dragonet.Platform.Linux.Tests;

public sealed class PostingHabitTests
{
    [Fact]
    public void What_came_before_the_channel_does_not_keep_it_from_learning()
    {
        using var channel = Channel.Create()!;
        var habit = new PostingHabit();
        Answer(ref habit, null, 18, 2 * PostingHabit.Enough);
        Assert.False(channel.PostsMuch);
        Answer(ref habit, channel, 18, PostingHabit.Enough);
        Assert.True(channel.PostsMuch);
        Assert.True(habit.IsLittle);
    }

    [Fact]
    public void One_large_answer_ends_it_and_as_many_little_ones_begin_it_again()
    {
        using var channel = Channel.Create()!;
        var habit = new PostingHabit();
        Answer(ref habit, channel, 18, PostingHabit.Enough);
        Answer(ref habit, channel, ChannelLayout.Capacity + 1, 1);
        Assert.False(channel.PostsMuch);
        Assert.False(habit.IsLittle);
        Answer(ref habit, channel, ChannelLayout.Capacity, PostingHabit.Enough - 1);
        Assert.False(channel.PostsMuch);
        Answer(ref habit, channel, 0, 1);
        Assert.True(channel.PostsMuch);
    }

    [Fact]
    public void Errors_say_nothing()
    {
        using var channel = Channel.Create()!;
        var habit = new PostingHabit();
        Answer(ref habit, channel, -(long)Errno.EAGAIN, 2 * PostingHabit.Enough);
        Assert.False(channel.PostsMuch);
    }

    private static void Answer(ref PostingHabit habit, Channel? channel, long answer, int times)
    {
        for (var i = 0; i < times; i++)
        {
            habit.Note(answer, channel);
        }
    }
}
