using Dragonet.Abi;
using Dragonet.UserNet;
using Xunit;

namespace Dragonet.Net.Tests.UserNet;

/// <summary>A guest's stack, a gateway and a host of the test's making, in virtual time.</summary>
internal sealed class Site
{
    private readonly Random _random = new(1);

    public Site(string[]? allow = null, IReadOnlyList<Endpoint>? servers = null, Func<FakeHost, IReadOnlyList<OpenPort>>? ports = null)
    {
        Guest = Stack.WithLoopback(new StackOptions { Random = Next });
        Policy = new EgressPolicy(allow?.Select(text => EgressRule.Parse(text)!).ToList());
        Gateway = new UserGateway(Guest, new UserNetOptions
        {
            Policy = Policy,
            NameServers = servers ?? [],
            Random = Next,
            Ports = ports?.Invoke(Host) ?? [],
            Refused = Refusals.Add,
        }, Host, Inside);
        Run();
    }

    public FakeHost Host { get; } = new();

    public Stack Guest { get; }

    public UserGateway Gateway { get; }

    public EgressPolicy Policy { get; }

    public List<string> Refusals { get; } = [];

    public long Now { get; private set; } = World.Second;

    /// <summary>Runs what is due now.</summary>
    public void Run()
    {
        Guest.SetTime(Now);
        do
        {
            Guest.Run();
        }
        while (Gateway.Run(Now));
    }

    /// <summary>Lets so much time pass.</summary>
    public void Pass(long time)
    {
        var end = Now + time;
        while (Math.Min(Guest.NextDeadline, Gateway.NextDeadline) is var next && next <= end)
        {
            Now = Math.Max(Now, next);
            Run();
        }

        Now = end;
        Run();
    }

    /// <summary>A connection of the guest that the host has let through.</summary>
    public (TcpSocket Guest, FakeSocket Host) Connect(string to, ushort port)
    {
        var guest = Call(to, port);
        var host = Host.Sockets[^1];
        host.Tell(PollEvents.POLLOUT);
        Run();
        Assert.Equal(TcpState.Established, guest.State);
        return (guest, host);
    }

    /// <summary>A connection that is asked for.</summary>
    public TcpSocket Call(string to, ushort port)
    {
        var address = IPAddress.Parse(to);
        var guest = Guest.CreateTcp(!address.IsV4);
        Assert.Equal(Errno.EINPROGRESS, guest.Connect(new Endpoint(address, port)));
        Run();
        return guest;
    }

    private ulong Next() => (ulong)_random.NextInt64(long.MinValue, long.MaxValue);

    private void Inside(Action action)
    {
        action();
        Run();
    }
}
