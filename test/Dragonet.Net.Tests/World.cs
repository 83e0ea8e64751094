using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>Two stacks and a link between them, in virtual time: nothing here sleeps, and a seed gives the same run again.</summary>
internal sealed class World
{
    public const long Millisecond = 1_000_000;
    public const long Second = 1000 * Millisecond;

    private readonly PriorityQueue<(PointToPointInterface To, byte[] Packet), (long Time, long Number)> _wire = new();
    private readonly Random _random;
    private readonly Impairments _impairments;
    private long _number;

    public World(int seed = 1, Impairments? impairments = null, int mtu = 1500)
    {
        _random = new Random(seed);
        _impairments = impairments ?? new Impairments();
        A = NewStack();
        B = NewStack();
        LinkA = Link(A, mtu, () => LinkB!, "10.0.0.1/24", "fd00::1/64");
        LinkB = Link(B, mtu, () => LinkA, "10.0.0.2/24", "fd00::2/64");
    }

    public static Endpoint EndpointB(ushort port, bool v6 = false) => new(IPAddress.Parse(v6 ? "fd00::2" : "10.0.0.2"), port);

    public static Endpoint EndpointA(ushort port, bool v6 = false) => new(IPAddress.Parse(v6 ? "fd00::1" : "10.0.0.1"), port);

    public Stack A { get; }

    public Stack B { get; }

    public PointToPointInterface LinkA { get; }

    public PointToPointInterface LinkB { get; }

    public long Now { get; private set; } = Second;

    /// <summary>Sees every packet that is put on the wire; may drop it by answering false.</summary>
    public Func<PointToPointInterface, byte[], bool>? Tap { get; set; }

    public int Sent { get; private set; }

    public Stack NewStack()
    {
        var stack = Stack.WithLoopback(new StackOptions { Random = () => (ulong)_random.NextInt64(long.MinValue, long.MaxValue) });
        stack.SetTime(Now);
        UseLargeBuffers(stack);
        return stack;
    }

    /// <summary>Sockets begin with 256 KiB each way, so that a test can give its data away at once.</summary>
    public static void UseLargeBuffers(Stack stack) =>
        (stack.TcpMemory.Receive, stack.TcpMemory.Send) = (stack.TcpMemory.Receive with { Initial = 262144 }, stack.TcpMemory.Send with { Initial = 262144 });

    /// <summary>Lets things happen until a condition holds; fails when it does not within a virtual hour.</summary>
    public void Until(Func<bool> condition, long limit = 3600 * Second)
    {
        var end = Now + limit;
        Run();
        while (!condition())
        {
            Assert.True(Step(end), $"hangs at {Now / Millisecond} ms");
        }
    }

    /// <summary>Lets so much time pass.</summary>
    public void Pass(long time)
    {
        var end = Now + time;
        Run();
        while (Step(end))
        {
        }

        SetTime(end);
        Run();
    }

    /// <summary>Puts a packet on the wire towards one end, past the impairments.</summary>
    public void Inject(PointToPointInterface to, byte[] packet) => _wire.Enqueue((to, packet), (Now, _number++));

    private bool Step(long end)
    {
        var next = Math.Min(A.NextDeadline, B.NextDeadline);
        next = _wire.TryPeek(out _, out var first) ? Math.Min(next, first.Time) : next;
        if (next > end)
        {
            return false;
        }

        SetTime(Math.Max(next, Now));
        while (_wire.TryPeek(out var delivery, out first) && first.Time <= Now)
        {
            _ = _wire.Dequeue();
            delivery.To.Receive(delivery.Packet);
        }

        Run();
        return true;
    }

    private void SetTime(long now)
    {
        Now = now;
        A.SetTime(now);
        B.SetTime(now);
    }

    private void Run()
    {
        A.Run();
        B.Run();
    }

    private PointToPointInterface Link(Stack stack, int mtu, Func<PointToPointInterface> other, string v4, string v6)
    {
        var link = new PointToPointInterface(stack, "tun0", mtu, packet => Transmit(other(), packet.ToArray())) { IsUp = true };
        _ = link.AddAddress(Prefix.Parse(v4));
        _ = link.AddAddress(Prefix.Parse(v6));
        return link;
    }

    private void Transmit(PointToPointInterface to, byte[] packet)
    {
        Sent++;
        if (Tap?.Invoke(to, packet) == false || Happens(_impairments.Loss))
        {
            return;
        }

        for (var copies = Happens(_impairments.Duplication) ? 2 : 1; copies > 0; copies--)
        {
            var bytes = packet.ToArray();
            if (Happens(_impairments.Corruption))
            {
                bytes[_random.Next(bytes.Length)] ^= (byte)(1 << _random.Next(8));
            }

            var delay = _impairments.Delay + (long)(_random.NextDouble() * _impairments.Jitter);
            delay += Happens(_impairments.Reordering) ? 2 * _impairments.Delay : 0;
            _wire.Enqueue((to, bytes), (Now + delay, _number++));
        }
    }

    private bool Happens(double chance) => chance > 0 && _random.NextDouble() < chance;
}
