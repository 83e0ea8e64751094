using System.Reflection;
using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests.Links;

/// <summary>V1, V2 and V12: stacks share nothing, see nothing of each other, and cost little.</summary>
[Collection(MeasuresMemory.Alone)]
public sealed class StackIsolationTests
{
    [Fact]
    public void V1_two_stacks_share_no_object_that_can_change()
    {
        var (site, other) = (new Site(1), new Site(2)); // random numbers of their own
        var (a, b) = (site.NewStack(), other.NewStack());
        foreach (var stack in new[] { a, b })
        {
            // Something of everything, on a stack that is busy with itself.
            var bridge = new Bridge(stack, "br0", EthernetAddress.Derive("br0")) { HasSpanningTree = true };
            Site.Open(bridge.Interface, "10.0.0.1/24");
            var listener = Pair.Listen(stack, 80);
            var client = stack.CreateTcp(isV6: false);
            _ = client.Connect(new Endpoint(IPAddress.LoopbackV4, 80));
            _ = stack.CreateTcp(isV6: false).Connect(World.EndpointB(80));
            stack.Run();
            _ = client.Send(new byte[100_000]);
            _ = stack.CreateUdp(isV6: true).Send(new byte[10], new Endpoint(IPAddress.LoopbackV6, 9));
            stack.Run();
            Assert.NotEqual(default, stack.Census);
        }

        var pair = site.Join(a, b, "10.1.0.1/24", "10.1.0.2/24");
        Assert.True(a.HasArrivals || pair.Waiting == 0);
        HashSet<object> ofA = Reachable(a, pair), ofB = Reachable(b, pair);
        Assert.InRange(ofA.Count, 100, 100_000);
        Assert.Empty(ofA.Where(ofB.Contains).Where(IsChangeable).Select(shared => shared.GetType()));
    }

    [Fact]
    public void V2_the_same_addresses_ports_and_names_in_two_stacks()
    {
        var site = new Site();
        var (a, b) = (site.NewStack(options => options.Forwards = true), site.NewStack());
        foreach (var stack in new[] { a, b })
        {
            var link = new EthernetInterface(stack, "eth0", EthernetAddress.Derive("same"));
            Site.Open(link, "10.0.0.1/24,fd00::1/64");
            var server = stack.CreateTcp(isV6: false);
            Assert.Equal(Errno.OK, server.Bind(new Endpoint(IPAddress.Parse("10.0.0.1"), 80)));
            Assert.Equal(Errno.OK, server.Listen(5));
        }

        var client = a.CreateTcp(isV6: false);
        _ = client.Connect(new Endpoint(IPAddress.Parse("10.0.0.1"), 80));
        site.Run();
        Assert.Equal(TcpState.Established, client.State);
        Assert.Equal((3, 1), (a.ListTcp().Count(), b.ListTcp().Count()));
        Assert.Equal(0, b.Counters.IPInReceives);
        Assert.True(a.Options.Forwards && !b.Options.Forwards);
        a.Routes.Add(new Route(Prefix.Parse("10.9.0.0/16"), a.FindInterface("eth0")!, IPAddress.Parse("10.0.0.9")));
        Assert.Equal(a.Routes.All.Count - 1, b.Routes.All.Count);
    }

    [Fact]
    public void V12_an_idle_stack_takes_at_most_256_KiB_and_a_thousand_a_gigabyte()
    {
        const int count = 1000;
        var site = new Site();
        var middle = site.NewStack();
        var bridge = new Bridge(middle, "br0", EthernetAddress.Derive("br0"));
        bridge.Interface.IsUp = true;
        _ = middle.NextDeadline;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < count; i++)
        {
            var pair = site.Join(middle, site.NewStack(), null, $"10.0.{i / 250}.{(i % 250) + 2}/16", Epair.MaxMtu);
            Assert.True(bridge.Add(pair.A).IsOk);
        }

        Assert.True(site.Reaches(bridge.Ports[0].Link.Pair!.B.Stack, bridge.Ports[999].Link.Pair!.B.Stack, "10.0.3.251"));
        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / count;
        TestContext.Current.TestOutputHelper?.WriteLine($"{each} bytes for each stack with a pair, a port and a neighbour");
        Assert.InRange(each, 0, 256 << 10);
        GC.KeepAlive(site);
    }

    /// <summary>Every object that can be reached from a stack, but not through the wire between two.</summary>
    private static HashSet<object> Reachable(object root, Epair wire)
    {
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance) { root };
        var open = new Stack<object>([root]);
        while (open.TryPop(out var item))
        {
            if (item is Delegate { Target: var target })
            {
                Visit(target);
                continue;
            }

            if (item is Array array)
            {
                if (!array.GetType().GetElementType()!.IsPrimitive)
                {
                    foreach (var element in array)
                    {
                        Visit(element);
                    }
                }

                continue;
            }

            for (var type = item.GetType(); type is not null; type = type.BaseType)
            {
                foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly).Where(field => !field.FieldType.IsPrimitive && !field.FieldType.IsPointer))
                {
                    Visit(field.GetValue(item));
                }
            }
        }

        return seen;

        void Visit(object? found)
        {
            if (found is not null && found != wire && found is not (string or Type or MemberInfo) && seen.Add(found))
            {
                open.Push(found);
            }
        }
    }

    /// <summary>Not so: empty arrays, comparers, and what the compiler makes of functions that hold nothing.</summary>
    private static bool IsChangeable(object item) => item switch
    {
        Array { Length: 0 } => false,
        Delegate { Target: null } => false,
        ValueType => false, // copies
        _ => Fields(item.GetType()).Any(),
    };

    private static IEnumerable<FieldInfo> Fields(Type type)
    {
        for (var each = type; each is not null && each != typeof(object) && each != typeof(ValueType); each = each.BaseType)
        {
            foreach (var field in each.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                yield return field;
            }
        }
    }
}
