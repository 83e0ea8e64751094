using Dragonet.Platform.Linux.Channels;
using Xunit;

namespace Dragonet.Platform.Linux.Tests;

public sealed class ChannelServerTests
{
    /// <summary>A process is killed while a call of its thread is being counted: the pages are gone, and must not be looked at.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_channel_whose_processes_are_gone_is_not_served_again(bool whileServing)
    {
        var server = new ChannelServer(static (_, _) => { }, spin: true, new byte[128]);
        using var other = Channel.Create()!;
        if (whileServing)
        {
            server.Activate(other);
        }

        using var channel = Channel.Create()!;
        server.Activate(channel);
        Assert.True(channel.IsActive);
        channel.IsActive = false;
        server.Retire(channel);
        server.Activate(channel);
        Assert.False(channel.IsActive);
        server.Stop();
    }
}
