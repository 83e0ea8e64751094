using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>Groups: who is in one hears it, on the link and on the machine that sends; nobody else does.</summary>
public sealed class MulticastTests : IGroupReporter
{
    private readonly List<string> _told = [];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Members_hear_on_the_link_and_at_home(bool v6)
    {
        var world = new World();
        var group = IPAddress.Parse(v6 ? "ff12::77" : "239.1.2.3");
        var any = v6 ? IPAddress.AnyV6 : IPAddress.AnyV4;
        var (sender, home, there) = (world.A.CreateUdp(v6), world.A.CreateUdp(v6), world.B.CreateUdp(v6));
        foreach (var socket in new[] { home, there })
        {
            Assert.Equal(Errno.OK, socket.Bind(new Endpoint(any, 7000)));
        }

        sender.MulticastInterface = world.LinkA.Index;
        Say(1);
        Assert.Equal((-1, -1), (Heard(home), Heard(there)));

        Assert.Equal(Errno.OK, home.Groups.Join(group, world.LinkA.Index, any, GroupFilter.Everybody));
        Assert.Equal(Errno.OK, there.Groups.Join(group, world.LinkB.Index, any, GroupFilter.Everybody));
        Say(2);
        Assert.Equal((2, 2), (Heard(home), Heard(there)));

        sender.EchoesGroups = false;
        Say(3);
        Assert.Equal((-1, 3), (Heard(home), Heard(there)));

        sender.EchoesGroups = true;
        sender.MulticastHopLimit = 0;
        Say(4);
        Assert.Equal((4, -1), (Heard(home), Heard(there)));

        foreach (var socket in new[] { sender, home, there })
        {
            socket.Close();
        }

        Assert.Equal(0, world.A.Groups.Count + world.B.Groups.Count);
        Pair.AssertEmpty(world);

        void Say(byte what)
        {
            Assert.Equal(1, sender.Send([what], new Endpoint(group, 7000)).Value);
            world.Pass(World.Second);
        }
    }

    [Fact]
    public void Broadcasts_are_heard_at_home_too()
    {
        var world = new World();
        var (sender, home) = (world.A.CreateUdp(false), world.A.CreateUdp(false));
        Assert.Equal(Errno.OK, home.Bind(new Endpoint(IPAddress.AnyV4, 7000)));
        sender.MayBroadcast = true;
        Assert.Equal(1, sender.Send([5], new Endpoint(IPAddress.Parse("10.0.0.255"), 7000)).Value);
        world.Pass(World.Second);
        Assert.Equal(5, Heard(home));
        sender.Close();
        home.Close();
    }

    /// <summary>RFC 3376, section 3.2: what an interface wants is what its sockets want together.</summary>
    [Fact]
    public void Filters_of_sockets_are_merged()
    {
        var world = new World();
        world.A.Groups.Reporter = this;
        var group = IPAddress.Parse("239.1.2.3");
        var sockets = Enumerable.Range(0, 3).Select(_ => world.A.CreateUdp(false)).ToArray();
        Join(0, new GroupFilter(true, Sources(1, 2, 3)));
        Join(1, new GroupFilter(true, Sources(2, 3, 4)));
        Join(2, new GroupFilter(false, Sources(3, 9)));
        Assert.Equal(["not 10.9.9.1,10.9.9.2,10.9.9.3", "not 10.9.9.2,10.9.9.3", "not 10.9.9.2"], _told);
        sockets[0].Close();
        sockets[1].Close();
        Assert.Equal("only 10.9.9.3,10.9.9.9", _told[^1]);
        sockets[2].Close();
        Assert.Equal("nobody", _told[^1]);

        void Join(int socket, GroupFilter filter) => Assert.Equal(Errno.OK, sockets[socket].Groups.Join(group, world.LinkA.Index, IPAddress.AnyV4, filter));

        static IPAddress[] Sources(params int[] numbers) => [.. numbers.Select(number => IPAddress.Parse($"10.9.9.{number}"))];
    }

    void IGroupReporter.OnChanged(Interface link, IPAddress group, GroupFilter before, GroupFilter now) =>
        _told.Add(now.IsNobody ? "nobody" : (now.Excludes ? "not " : "only ") + string.Join(',', now.Sources.Select(source => source.ToString()).Order()));

    private static int Heard(UdpSocket socket)
    {
        var bytes = new byte[1];
        return socket.Receive(bytes, peek: false, out _).Ok(out _, out _) ? bytes[0] : -1;
    }
}
