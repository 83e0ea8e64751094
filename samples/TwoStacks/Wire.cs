using Dragonet.Net;

namespace TwoStacks;

/// <summary>Two stacks, the wire between them, and their time, which jumps from event to event.</summary>
internal sealed class Wire
{
    private readonly Random _random = new(1);
    private long _now;

    internal Wire(LinkImpairment impairment)
    {
        Client = NewStack();
        Server = NewStack();
        Pair = new Epair("wire0", EthernetAddress.Derive("client"), "wire0", EthernetAddress.Derive("server"));
        Plug(Client, Pair.A, "10.0.0.1/24");
        Plug(Server, Pair.B, "10.0.0.2/24");
        Pair.A.Impairment = impairment;
        Pair.B.Impairment = impairment with { Seed = impairment.Seed + 1 };
    }

    internal Stack Client { get; }

    internal Stack Server { get; }

    internal Epair Pair { get; }

    internal double Milliseconds => _now / 1e6;

    /// <summary>Lets everything happen until nothing more does at this moment, then goes to the next.</summary>
    /// <returns>False when nothing will ever happen.</returns>
    internal bool Step()
    {
        do
        {
            Client.Run();
            Server.Run();
        }
        while (Client.HasArrivals || Server.HasArrivals);
        var next = Math.Min(Client.NextDeadline, Server.NextDeadline);
        if (next == long.MaxValue)
        {
            return false;
        }

        _now = Math.Max(_now, next);
        Client.SetTime(_now);
        Server.SetTime(_now);
        return true;
    }

    private static void Plug(Stack stack, EthernetInterface link, string address)
    {
        _ = stack.Attach(link);
        link.IsUp = true;
        _ = link.AddAddress(Prefix.Parse(address));
    }

    private Stack NewStack() => Stack.WithLoopback(new StackOptions { Random = () => (ulong)_random.NextInt64() });
}
