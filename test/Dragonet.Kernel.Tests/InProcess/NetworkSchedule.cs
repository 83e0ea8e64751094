using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Linux.Inet;
using Dragonet.Net;
using Dragonet.Platform.InProcess;
using Xunit;

namespace Dragonet.Kernel.Tests.InProcess;

/// <summary>
/// One order of events from a seed: a kernel whose jails have stacks of their own on one bridge, programs in them that talk, listen and wait, and
/// three hands that make, move and remove links and jails meanwhile. Who moves next is the seed's choice at every call and every lock.
/// </summary>
internal sealed class NetworkSchedule : IDisposable
{
    private const long Second = 1_000_000_000;

    private readonly int _seed;
    private readonly Machine _machine;
    private readonly JailLocal<NetworkStack> _stacks;
    private readonly List<NetworkStack> _all = [];
    private readonly List<Jail> _jails = [];
    private string _oopses = "";
    private int _jailsMade;

    internal NetworkSchedule(int seed)
    {
        _seed = seed;
        _machine = new Machine((ulong)seed + 1);
        _machine.Kernel.OopsReport = text => _oopses += text + "\n";
        _stacks = InetFamily.Install(_machine.Kernel, "v7");
        _all.Add(_machine.Kernel.Jails.Root.Get(_stacks));
        _machine.Kernel.Jails.Changed += (jail, what) =>
        {
            if (what == JailEvent.Created)
            {
                _all.Add(jail.Get(_stacks));
            }
        };
        _machine.OrderBy(seed);
    }

    /// <summary>What happened: connections, datagrams, moves, removals.</summary>
    internal NetworkScheduleCounts Counts { get; } = new();

    /// <summary>How often the seed was asked (<see cref="InProcessPlatform.Choices"/>).</summary>
    internal long Choices => _machine.Choices;

    private NetworkStack Root => _all[0];

    private NetworkFabric Fabric => Root.Fabric;

    public void Dispose() => _machine.Dispose();

    internal void Play()
    {
        var random = new Random(_seed);
        _ = Fabric.CreateBridge(Root, "br0");
        Open(Root, "br0", "10.0.0.9/24");
        var jails = random.Next(2, 4);
        for (var i = 0; i < jails; i++)
        {
            AddJail(random);
        }

        for (var i = 0; i < 3; i++)
        {
            var hand = new Random(random.Next());
            _ = _machine.Spawn(_machine.Kernel.Jails.Root, guest =>
            {
                for (var step = hand.Next(5, 25); step > 0; step--)
                {
                    Change(hand);
                    _ = guest.Pid(); // a call: here others may go on
                }
            });
        }

        _machine.Run(5 * Second);
        Assert.True(_oopses == "", $"seed {_seed}: {_oopses}");
        End();
    }

    /// <summary>Removes what is left, and looks whether there is anything.</summary>
    private void End()
    {
        foreach (var jail in _machine.Kernel.Jails.List().Where(jail => jail.Parent == _machine.Kernel.Jails.Root))
        {
            _ = _machine.Kernel.Jails.Remove(jail);
        }

        _machine.Kernel.Drain();

        _machine.Run(5 * Second);
        List<string> links;
        using (Root.Enter())
        {
            links = [.. Root.Stack.Interfaces.Where(link => !link.IsLoopback).Select(link => link.Name)];
        }

        foreach (var name in links)
        {
            _ = Fabric.Destroy(Root, name); // the other end of a pair goes with it
        }

        _machine.Kernel.Drain();

        _machine.Run(400 * Second);
        _machine.Pass(400 * Second); // when nothing was left to wait for, the time has not moved
        Assert.True(_oopses == "", $"seed {_seed}: {_oopses}");
        Assert.Empty(_machine.Kernel.Jails.List());
        Assert.Empty(_machine.Kernel.Jails.Dying);
        Assert.True(Fabric.Count == 0, $"seed {_seed}: {Fabric.Count} links");
        foreach (var stack in _all)
        {
            using (stack.Enter())
            {
                Assert.True(stack.Stack.Census == default, $"seed {_seed}: jail {stack.Jail.Name} has {stack.Stack.Census}");
                Assert.True(stack.Stack.Interfaces.Count == 1, $"seed {_seed}: jail {stack.Jail.Name} has {stack.Stack.Interfaces.Count} interfaces");
            }
        }

        var census = _machine.Kernel.TakeCensus();
        Assert.True((census.OpenFiles, census.Sockets, census.Timers, census.Futexes, census.BufferedBytes) == (0, 0, 0, 0, 0), $"seed {_seed}: {string.Join(' ', census.Lines)}");
    }

    private void AddJail(Random random)
    {
        var number = Interlocked.Increment(ref _jailsMade);
        if (!_machine.TryMakeJail(out _, $"name=j{number}", "vnet", "persist", "allow.raw_sockets").Ok(out var jail, out _))
        {
            return;
        }

        _jails.Add(jail);
        var stack = jail.Get(_stacks);
        Open(stack, "lo", "127.0.0.1/8");
        if (Fabric.CreatePair(Root, $"p{number}a", stack, $"p{number}b").IsOk)
        {
            Open(Root, $"p{number}a", null);
            Open(stack, $"p{number}b", $"10.0.0.{number % 8 + 1}/24");
            Bridge(Root, $"p{number}a");
        }

        for (var count = random.Next(1, 4); count > 0; count--)
        {
            var own = new Random(random.Next());
            if (_machine.Kernel.Jails.Find(jail.Name) is null)
            {
                return; // somebody has removed it already
            }

            _ = _machine.TrySpawn(jail, guest => new NetworkProgram(guest, own, Counts).Run());
        }
    }

    /// <summary>One thing that an administrator does.</summary>
    private void Change(Random random)
    {
        var (from, to) = (Any(random), Any(random));
        var number = random.Next(1, 6);
        var (a, b) = ($"p{number}a", $"p{number}b");
        switch (random.Next(16))
        {
            case 0:
                if (Fabric.CreatePair(from, a, to, b).IsOk)
                {
                    Open(from, a, null);
                    Open(to, b, $"10.0.0.{random.Next(1, 9)}/24");
                }

                break;
            case 1 or 2 or 3:
                // What its user sees: an interface that goes to another jail, or home, and works there.
                if (Fabric.Move(from, b, to, random.Next(4) == 0 ? $"p{random.Next(1, 6)}b" : null) == Errno.OK)
                {
                    Counts.Moves++;
                    Open(to, b, $"10.0.0.{random.Next(1, 9)}/24,fd00::{random.Next(1, 9)}/64");
                }

                break;
            case 4:
                _ = Fabric.Move(Root, a, to);
                break;
            case 5:
                Counts.Destroyed += Fabric.Destroy(from, random.Next(2) == 0 ? a : b) == Errno.OK ? 1 : 0;
                break;
            case 6:
                if (random.Next(2) == 0)
                {
                    _ = Fabric.Destroy(Root, "br0");
                }
                else
                {
                    _ = Fabric.CreateBridge(Root, "br0");
                }

                break;
            case 7 or 8:
                Bridge(Root, a);
                break;
            case 9:
                With(from, random.Next(2) == 0 ? a : b, link => link.IsUp = random.Next(3) > 0);
                break;
            case 10:
                With(from, b, link => (link as EthernetInterface)?.Impairment = random.Next(2) == 0 ? null
                    : new LinkImpairment { Seed = (ulong)_seed, Delay = 10_000_000, Loss = 0.1, Duplication = 0.1, Reordering = 0.1 });
                break;
            case 11:
                var words = random.Next(4) switch { 0 => "postrouting masquerade", 1 => "prerouting tcp dport 81 redirect to :80", 2 => "output udp dport 53 reject", _ => "input ct state invalid drop" };
                using (from.Enter())
                {
                    if (random.Next(4) == 0)
                    {
                        from.Stack.UseFirewall().Flush();
                    }
                    else
                    {
                        _ = from.Stack.UseFirewall().Add(FilterParser.Parse(words.Split(' '), out _)!);
                    }
                }

                break;
            case 12:
                _machine.Pass((long)(random.NextDouble() * random.NextDouble() * 3 * Second));
                break;
            case 13 when _jails.Count > 0:
                Counts.Removed += _machine.Kernel.Jails.Remove(_jails[random.Next(_jails.Count)]) == Errno.OK ? 1 : 0;
                break;
            case 14:
                AddJail(random);
                break;
            default:
                using (from.Enter())
                {
                    Assert.True(from.Stack.Interfaces.Count >= 1); // lists are looked at meanwhile
                    _ = from.Stack.ListTcp().Count();
                }

                break;
        }

        _machine.Kernel.Drain();
    }

    /// <summary>Any stack, that of a jail that has gone as well: who asks does not know yet.</summary>
    private NetworkStack Any(Random random) => _all[random.Next(_all.Count)];

    private void Open(NetworkStack stack, string name, string? addresses) => With(stack, name, link =>
    {
        link.IsUp = true;
        foreach (var each in addresses?.Split(',') ?? [])
        {
            _ = link.AddAddress(Prefix.Parse(each));
        }
    });

    private void Bridge(NetworkStack stack, string name)
    {
        using (stack.Enter())
        {
            // Only ends called "a" are ports, so that no wire joins two of them: nobody wants to wait for a storm.
            if (stack.Stack.FindInterface("br0") is EthernetInterface { Bridge: { } bridge } && stack.Stack.FindInterface(name) is EthernetInterface link)
            {
                _ = link.Port is null ? bridge.Add(link).IsOk : bridge.Remove(link);
            }
        }

        _machine.Kernel.Drain();
    }

    private void With(NetworkStack stack, string name, Action<Interface> change)
    {
        using (stack.Enter())
        {
            if (stack.Stack.FindInterface(name) is { } link)
            {
                change(link);
            }
        }

        _machine.Kernel.Drain();
    }
}
