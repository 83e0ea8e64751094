using Dragonet.Abi;
using Xunit;
using static Dragonet.Net.Tests.Switching.SwitchWorld;

namespace Dragonet.Net.Tests.Switching;

/// <summary>The switch between kernels: who gets which frames.</summary>
public sealed class SwitchTests
{
    [Fact]
    public void Who_announced_himself_is_known_at_once_and_his_address_is_free_when_he_has_gone()
    {
        var world = new SwitchWorld();
        var (a, b, c) = (world.Connect(1), world.Connect(2), world.Connect(3));
        Assert.Equal([b], world.Reached(a, Mac(1), Mac(2)));
        Assert.Equal([b, c], world.Reached(a, Mac(1), EthernetAddress.Broadcast));
        Assert.Equal([b, c], world.Reached(a, Mac(1), new EthernetAddress(0x0100_5e00_0001)));
        Assert.Equal([b, c], world.Reached(a, Mac(1), Mac(77)));
        Assert.False(world.Switch.Connect(new SwitchPortOptions { HardwareAddress = Mac(2) }, _ => true).Ok(out _, out var error));
        Assert.Equal(Errno.EADDRINUSE, error);
        world.Switch.Disconnect(b);
        Assert.DoesNotContain(world.Switch.ListAddresses(), entry => entry.Address == Mac(2));
        var again = world.Connect(2);
        Assert.Equal([again], world.Reached(a, Mac(1), Mac(2)));
        world.Switch.Disconnect(b); // twice is once
        Assert.Equal(3, world.Switch.Ports.Count);
    }

    [Fact]
    public void Who_says_nothing_of_himself_is_known_by_his_first_frame()
    {
        var world = new SwitchWorld();
        var (a, b, c) = (world.Connect(0), world.Connect(0), world.Connect(3));
        Assert.Equal([b, c], world.Reached(a, Mac(1), Mac(2)));
        Assert.Equal([a], world.Reached(b, Mac(2), Mac(1)));
        Assert.Empty(world.Reached(a, Mac(4), Mac(2)));
        Assert.Empty(world.Reached(b, Mac(1), Mac(3)));
        Assert.Equal((1, 1), (a.Spoofed, b.Spoofed));
        world.Switch.Disconnect(a);
        Assert.Equal(Mac(1), world.Connect(1).HardwareAddress);
    }

    [Fact]
    public void What_is_behind_a_trunk_is_learned_moves_and_ages()
    {
        var world = new SwitchWorld();
        var (a, b, c) = (world.Connect(1, isTrunk: true), world.Connect(2, isTrunk: true), world.Connect(3));
        Assert.Equal([b, c], world.Reached(a, Mac(50), Mac(3 + 100)));
        Assert.Equal([a], world.Reached(c, Mac(3), Mac(50)));
        _ = world.Reached(b, Mac(50), Mac(3)); // it moved
        Assert.Equal([b], world.Reached(c, Mac(3), Mac(50)));
        world.Pass(301 * World.Second);
        Assert.Equal([a, b], world.Reached(c, Mac(3), Mac(50)));
        Assert.Equal([b], world.Reached(c, Mac(3), Mac(2))); // announced: it does not age
        Assert.Empty(world.Reached(a, Mac(3), Mac(2)));       // nor can a trunk take it
    }

    [Fact]
    public void A_trunk_fills_its_part_of_the_table_and_not_that_of_others()
    {
        var world = new SwitchWorld(new FrameSwitchOptions { MaxAddresses = 100, MaxAddressesOfPort = 60 });
        var (a, b, c) = (world.Connect(1, isTrunk: true), world.Connect(2, isTrunk: true), world.Connect(3));
        for (var i = 1000; i < 3000; i++)
        {
            _ = world.Reached(a, Mac(i), Mac(3));
        }

        Assert.Equal(60 + 2, world.Switch.ListAddresses().Count);
        _ = world.Reached(b, Mac(50), Mac(3));
        Assert.Equal([b], world.Reached(c, Mac(3), Mac(50)));
        Assert.Equal([a, b], world.Reached(c, Mac(3), Mac(2999))); // nobody knows: all are asked
        _ = world.Reached(b, Mac(1000), Mac(3));                    // moves make room
        _ = world.Reached(a, Mac(5000), Mac(3));
        Assert.Equal([a], world.Reached(c, Mac(3), Mac(5000)));
        world.Switch.Disconnect(a);
        Assert.Equal(4, world.Switch.ListAddresses().Count);
    }

    [Fact]
    public void A_hub_learns_nothing_and_an_open_switch_believes_everybody()
    {
        var world = new SwitchWorld(new FrameSwitchOptions { IsHub = true });
        var (a, b, c) = (world.Connect(1), world.Connect(2), world.Connect(3));
        Assert.Equal([a, c], world.Reached(b, Mac(2), Mac(1)));
        Assert.Equal([b, c], world.Reached(a, Mac(1), Mac(2)));
        Assert.Empty(world.Reached(a, Mac(2), Mac(3)));
        world = new SwitchWorld(new FrameSwitchOptions { IsOpen = true });
        (a, b, c) = (world.Connect(0), world.Connect(0), world.Connect(0));
        _ = world.Reached(a, Mac(1), Mac(2));
        Assert.Equal([a], world.Reached(c, Mac(3), Mac(1)));
        _ = world.Reached(b, Mac(1), Mac(2));
        Assert.Equal([b], world.Reached(c, Mac(3), Mac(1)));
    }

    [Fact]
    public void Frames_that_are_none_go_nowhere()
    {
        var world = new SwitchWorld(new FrameSwitchOptions { IsOpen = true });
        var (a, b) = (world.Connect(1), world.Connect(2));
        Assert.False(world.Passes(a, []));
        Assert.False(world.Passes(a, new byte[13]));
        Assert.False(world.Passes(a, Frame(Mac(1), EthernetAddress.Broadcast, 0x1234, new byte[FrameSwitch.MaxFrame - 13])));
        Assert.False(world.Passes(a, Frame(default, EthernetAddress.Broadcast, 0x1234, new byte[46])));
        Assert.Equal(4, a.Malformed);
        Assert.False(world.Passes(a, Frame(Mac(1), new EthernetAddress(0x0180_c200_0003), 0x1234, new byte[46])));
        Assert.False(world.Passes(a, Frame(EthernetAddress.Broadcast, Mac(2), 0x1234, new byte[46])));
        var longest = Frame(Mac(1), Mac(2), 0x1234, new byte[FrameSwitch.MaxFrame - 14]);
        longest[^1] = 7;
        Assert.True(world.Passes(a, longest));
        Assert.Equal(longest, world.Arrived(b)[^1]);
    }

    [Fact]
    public void A_slow_reader_loses_its_own_frames_and_those_alone()
    {
        var world = new SwitchWorld();
        var ready = false;
        var a = world.Connect(1);
        var slow = world.Connect(new SwitchPortOptions { HardwareAddress = Mac(2) }, () => ready);
        var quick = world.Connect(3);
        var frame = Frame(Mac(1), EthernetAddress.Broadcast, 0x1234, new byte[986]);
        for (var i = 0; i < 3000; i++)
        {
            world.Send(a, frame);
        }

        Assert.Equal(3000, world.Arrived(quick).Count);
        Assert.Empty(world.Arrived(slow));
        Assert.Equal((1048, 3000 - 1048), (slow.Queue.Count, slow.Queue.Dropped)); // a megabyte
        Assert.False(slow.Queue.Flush());
        ready = true;
        Assert.True(slow.Queue.Flush());
        Assert.Equal((1048, 0), (world.Arrived(slow).Count, slow.Queue.Count));
        world.Send(a, frame);
        Assert.Equal(1049, world.Arrived(slow).Count);
    }

    [Fact]
    public void A_link_can_be_cut_and_bad_in_both_directions_and_chance_repeats()
    {
        var world = new SwitchWorld();
        var (a, b, c) = (world.Connect(1), world.Connect(2), world.Connect(3));
        world.Switch.Impair(a, new LinkImpairment { IsPartitioned = true });
        Assert.Equal([c], world.Reached(b, Mac(2), EthernetAddress.Broadcast));
        Assert.Empty(world.Reached(a, Mac(1), EthernetAddress.Broadcast));
        Assert.Equal((1, 1), (a.Counters.SendDrops, a.Counters.ReceiveErrors));
        world.Switch.Impair(a, null);
        Assert.Equal([b, c], world.Reached(a, Mac(1), EthernetAddress.Broadcast));

        world.Switch.Impair(null, new LinkImpairment { Delay = 10 * World.Millisecond });
        Assert.Empty(world.Reached(a, Mac(1), Mac(2)));
        Assert.Equal(world.Now + 10 * World.Millisecond, world.Switch.NextDeadline);
        world.Pass(10 * World.Millisecond); // from a into the switch
        Assert.Single(world.Arrived(b)); // the one of before
        world.Pass(10 * World.Millisecond); // and out to b
        Assert.Equal(2, world.Arrived(b).Count);

        Assert.Equal(Lossy(7), Lossy(7));
        Assert.NotEqual(Lossy(7), Lossy(8));

        static string Lossy(ulong seed)
        {
            var world = new SwitchWorld(new FrameSwitchOptions { Impairment = new LinkImpairment { Loss = 0.3, Duplication = 0.1, Corruption = 0.1, Seed = seed } });
            var (a, b) = (world.Connect(1), world.Connect(2));
            for (byte i = 0; i < 100; i++)
            {
                var frame = Frame(Mac(1), Mac(2), 0x1234, new byte[46]);
                frame[20] = i;
                world.Send(a, frame);
            }

            Assert.InRange(world.Arrived(b).Count, 30, 90);
            return string.Join('\n', world.Arrived(b).Select(Convert.ToHexString));
        }
    }

    [Fact]
    public void A_monitor_sees_each_frame_that_is_let_in_once()
    {
        var world = new SwitchWorld();
        var (a, b) = (world.Connect(1), world.Connect(2));
        _ = world.Connect(3);
        var seen = new List<byte[]>();
        var monitor = new FrameQueue(frame =>
        {
            seen.Add(frame.ToArray());
            return true;
        });
        world.Switch.AddMonitor(monitor);
        _ = world.Reached(a, Mac(1), EthernetAddress.Broadcast);
        _ = world.Reached(b, Mac(2), Mac(1));
        _ = world.Reached(b, Mac(1), Mac(2)); // refused
        Assert.Equal([Mac(1), Mac(2)], seen.Select(frame => EthernetAddress.FromBytes(frame.AsSpan(6))));
        world.Switch.RemoveMonitor(monitor);
        _ = world.Reached(b, Mac(2), Mac(1));
        Assert.Equal(2, seen.Count);
    }

    [Fact]
    public void Ports_are_bounded_and_what_nobody_can_be_is_refused()
    {
        var world = new SwitchWorld(new FrameSwitchOptions { MaxPorts = 3, AllowsTrunks = false });
        Assert.Equal(Errno.EPERM, Refused(new SwitchPortOptions { IsTrunk = true }));
        Assert.Equal(Errno.EINVAL, Refused(new SwitchPortOptions { HardwareAddress = EthernetAddress.Broadcast }));
        Assert.Equal(Errno.EINVAL, Refused(new SwitchPortOptions { HardwareAddress = default(EthernetAddress) }));
        Assert.Equal(Errno.EINVAL, Refused(new SwitchPortOptions { Addresses = [IPAddress.LoopbackV4] }));
        Assert.Equal(Errno.EINVAL, Refused(new SwitchPortOptions { Addresses = [.. Enumerable.Range(1, 17).Select(i => IPAddress.FromV4((uint)i))] }));
        _ = world.Connect(1, "10.0.0.1,10.0.0.1");
        Assert.Equal(Errno.EADDRINUSE, Refused(new SwitchPortOptions { Addresses = [IPAddress.Parse("10.0.0.1")] }));
        _ = (world.Connect(2), world.Connect(3));
        Assert.Equal(Errno.EXFULL, Refused(new SwitchPortOptions()));
        Assert.Equal(3, world.Switch.Ports.Count);

        Errno Refused(SwitchPortOptions options)
        {
            Assert.False(world.Switch.Connect(options, _ => true).Ok(out _, out var error));
            return error;
        }
    }
}
