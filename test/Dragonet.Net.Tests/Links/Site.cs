using Xunit;

namespace Dragonet.Net.Tests.Links;

/// <summary>Any number of stacks with links between them, in virtual time.</summary>
internal sealed class Site(int seed = 1)
{
    private readonly Random _random = new(seed);
    private readonly List<Stack> _stacks = [];
    private int _number;

    public long Now { get; private set; } = World.Second;

    public Stack NewStack(Action<StackOptions>? change = null)
    {
        var options = new StackOptions { Random = () => (ulong)_random.NextInt64(long.MinValue, long.MaxValue) };
        change?.Invoke(options);
        var stack = Stack.WithLoopback(options);
        stack.SetTime(Now);
        World.UseLargeBuffers(stack);
        _stacks.Add(stack);
        return stack;
    }

    /// <summary>A wire between two stacks, both ends up.</summary>
    public Epair Join(Stack a, Stack b, string? addressA = null, string? addressB = null, int mtu = 1500)
    {
        var number = _number++;
        var pair = new Epair($"e{number}a", EthernetAddress.Derive($"{number}a"), $"e{number}b", EthernetAddress.Derive($"{number}b"), mtu);
        Assert.Equal(Abi.Errno.OK, a.Attach(pair.A));
        Assert.Equal(Abi.Errno.OK, b.Attach(pair.B));
        Open(pair.A, addressA);
        Open(pair.B, addressB);
        return pair;
    }

    public static void Open(EthernetInterface link, string? address)
    {
        link.IsUp = true;
        foreach (var each in address?.Split(',') ?? [])
        {
            _ = link.AddAddress(Prefix.Parse(each));
        }
    }

    /// <summary>A bridge in a stack of its own with so many stacks around it: 10.0.0.1, 10.0.0.2…</summary>
    public (Bridge Bridge, List<Epair> Pairs) Star(int count)
    {
        var middle = NewStack();
        var bridge = new Bridge(middle, "br0", EthernetAddress.Derive("br0"));
        bridge.Interface.IsUp = true;
        var pairs = new List<Epair>();
        for (var i = 1; i <= count; i++)
        {
            var pair = Join(middle, NewStack(), null, $"10.0.0.{i}/24,fd00::{i}/64");
            Assert.True(bridge.Add(pair.A).IsOk);
            pairs.Add(pair);
        }

        return (bridge, pairs);
    }

    public void Run()
    {
        do
        {
            foreach (var stack in _stacks)
            {
                stack.SetTime(Now);
                stack.Run();
            }
        }
        while (_stacks.Exists(stack => stack.HasArrivals));
    }

    public void Pass(long time)
    {
        var end = Now + time;
        for (Run(); _stacks.Min(stack => stack.NextDeadline) is var next && next <= end; Run())
        {
            Now = Math.Max(Now, next);
        }

        Now = end;
        Run();
    }

    public void Until(Func<bool> condition, long limit = 3600 * World.Second)
    {
        var end = Now + limit;
        for (Run(); !condition(); Run())
        {
            var next = _stacks.Min(stack => stack.NextDeadline);
            Assert.True(next <= end, $"hangs at {Now / World.Millisecond} ms");
            Now = Math.Max(Now, next);
        }
    }

    /// <summary>True when a datagram from one stack reaches an address of another.</summary>
    public bool Reaches(Stack from, Stack to, string address)
    {
        var server = to.CreateUdp(isV6: address.Contains(':', StringComparison.Ordinal));
        _ = server.Bind(new Endpoint(server.IsV6 ? IPAddress.AnyV6 : IPAddress.AnyV4, 999));
        var client = from.CreateUdp(server.IsV6);
        _ = client.Send([1, 2, 3], new Endpoint(IPAddress.Parse(address), 999));
        Pass(5 * World.Second);
        var arrived = server.Held > 0;
        server.Close();
        client.Close();
        return arrived;
    }
}
