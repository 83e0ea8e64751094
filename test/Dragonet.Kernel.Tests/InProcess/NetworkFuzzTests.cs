using System.Buffers.Binary;
using System.Text;
using Dragonet.Abi;
using Dragonet.Linux.Inet;
using Dragonet.Net.Tests;
using Dragonet.Platform.InProcess;
using Xunit;

namespace Dragonet.Kernel.Tests.InProcess;

/// <summary>What a program may say to its network stack, as nonsense: netlink messages, options, requests, addresses, control messages. The kernel
/// has no oops, and keeps nothing.</summary>
public sealed class NetworkFuzzTests
{
    private const int OneKernel = 4_000; // cases; then the next one begins from nothing
    private static readonly string[] s_names = ["lo", "eth0", "veth0", "br0", "x%d", "%d%d", "a/b", "..", "", "longer-than-a-name-may-be", "veth", "bridge", "dummy", "vlan", "nlctrl"];
    private static readonly ulong[] s_numbers = [0, 1, 2, 3, 4, 7, 8, 10, 16, 64, 100, 255, 256, 1500, 65535, 65536, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

    private int _done; // what was not refused

    [Fact]
    public void Netlink_messages() => Play("netlink messages", 8_000, (guest, random, buffer) =>
    {
        int[] protocols = [0, 0, 0, 4, 16];
        var protocol = protocols[random.Next(protocols.Length)];
        var fd = (ulong)guest.Call(Nr.socket, 16, 3 | 0x800, (ulong)protocol);
        for (var count = random.Next(1, 6); count > 0; count--)
        {
            var message = new List<byte>();
            for (var parts = random.Next(20) == 0 ? random.Next(200) : 1; parts > 0; parts--)
            {
                message.AddRange(Message(random, protocol));
            }

            guest.Store(buffer, [.. message.Take(60_000)]);
            _ = guest.Call(Nr.sendto, fd, buffer, (ulong)Math.Min(message.Count, 60_000), 0x40, 0, 0);
            for (var reads = 0; reads < 64 && guest.Call(Nr.recvfrom, fd, buffer, (ulong)random.Next(65536), 0x40, 0, 0) > 0; reads++)
            {
                _done += guest.Load32(buffer + 4) == 0x100_0002 && guest.Load32(buffer + 16) == 0 ? 1 : 0; // NLMSG_ERROR of 0, NLM_F_CAPPED
            }
        }

        _ = guest.Close((int)fd);
    });

    [Fact]
    public void Options_requests_and_addresses() => Play("socket options", 8_000, (guest, random, buffer) =>
    {
        (int Family, int Type, int Protocol)[] kinds = [(2, 1, 0), (10, 1, 0), (2, 2, 0), (10, 2, 0), (2, 2, 1), (10, 2, 58), (2, 3, 1), (10, 3, 58), (2, 3, 255), (2, 2, 136), (10, 2, 136), (17, 3, 0x300), (17, 2, 0x300), (16, 3, 0), (1, 1, 0), (1, 2, 0)];
        int[] levels = [0, 0, 1, 1, 6, 6, 17, 41, 41, 58, 136, 255, 263, 270];
        var (family, type, protocol) = kinds[random.Next(kinds.Length)];
        var result = guest.Call(Nr.socket, (ulong)family, (ulong)(type | 0x800), (ulong)protocol);
        if (result < 0)
        {
            return;
        }

        var fd = (ulong)result;
        var other = buffer + 32768;
        for (var count = random.Next(1, 20); count > 0; count--)
        {
            var bytes = Bytes(random, random.Next(4) == 0 ? random.Next(300) : random.Next(40));
            var (level, name) = ((ulong)levels[random.Next(levels.Length)], (ulong)random.Next(random.Next(10) == 0 ? 300 : 84));
            if (random.Next(4) == 0)
            {
                bytes = Shaped(random, out level, out name);
            }

            guest.Store(buffer, bytes);
            var length = (ulong)bytes.Length;
            switch (random.Next(10))
            {
                case 0 or 1 or 2:
                    _done += guest.Call(Nr.setsockopt, fd, level, name, buffer, random.Next(8) == 0 ? (ulong)random.Next() : length) == 0 ? 1 : 0;
                    break;
                case 3 or 4:
                    guest.Store32(other, random.Next(5) == 0 ? random.Next() : random.Next(400));
                    _ = guest.Call(Nr.getsockopt, fd, level, name, buffer, other);
                    break;
                case 5:
                    _ = guest.Call(Nr.ioctl, fd, (ulong)(random.Next(4) == 0 ? 0x5400 : 0x8900) + (ulong)random.Next(256), buffer);
                    _ = guest.Call(Nr.fcntl, fd, 4, 0x800); // F_SETFL: FIONBIO may have taken O_NONBLOCK away
                    break;
                case 6:
                    if (length >= 2)
                    {
                        guest.Store(buffer, [(byte)(random.Next(8) == 0 ? random.Next(50) : family), 0]);
                    }

                    Nr[] calls = [Nr.bind, Nr.connect, Nr.connect];
                    _ = guest.Call(calls[random.Next(3)], fd, buffer, random.Next(3) == 0 ? length : family == 10 ? 28UL : 16UL);
                    break;
                case 7:
                    _ = guest.Call(Nr.listen, fd, (ulong)random.Next(5));
                    _ = guest.Call(Nr.accept4, fd, 0, 0, 0x800);
                    break;
                case 8:
                    var control = Control(random);
                    guest.Store(other, control);
                    var header = new byte[56];
                    var vector = new byte[16];
                    BinaryPrimitives.WriteUInt64LittleEndian(vector, buffer);
                    BinaryPrimitives.WriteUInt64LittleEndian(vector.AsSpan(8), length);
                    guest.Store(other + 2000, vector);
                    var address = Bytes(random, 28);
                    (address[0], address[1]) = ((byte)family, 0);
                    guest.Store(other + 2100, address);
                    BinaryPrimitives.WriteUInt64LittleEndian(header, random.Next(2) == 0 ? 0 : other + 2100);
                    BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), (uint)random.Next(40));
                    BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(16), other + 2000);
                    BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(24), 1);
                    BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(32), other);
                    BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(40), (ulong)control.Length);
                    guest.Store(other + 3000, header);
                    _ = guest.Call(Nr.sendmsg, fd, other + 3000, 0x4040);
                    break;
                default:
                    _ = guest.Call(Nr.recvfrom, fd, buffer, 4096, 0x40UL | (random.Next(4) == 0 ? 0x2000UL : 0) | (random.Next(4) == 0 ? 2UL : 0), 0, 0);
                    break;
            }
        }

        _ = guest.Close((int)fd);
    });

    /// <summary>Plays cases, a kernel for each few thousand of them.</summary>
    private void Play(string what, int count, Action<Guest, Random, ulong> one)
    {
        using var cases = FuzzTime.Cases(what, count).GetEnumerator();
        var more = true;
        for (var seed = 1 + FuzzTime.Seed; more; seed++)
        {
            var random = new Random(seed);
            using var machine = new Machine((ulong)seed);
            var oops = "";
            machine.Kernel.OopsReport = text => oops += text + "\n";
            _ = InetFamily.Install(machine.Kernel, "fuzz");
            var status = machine.Start(guest =>
            {
                var buffer = guest.Map(1 << 17);
                for (var i = 0; i < OneKernel && (more = cases.MoveNext()); i++)
                {
                    var stack = guest.StackPointer;
                    one(guest, random, buffer);
                    guest.StackPointer = stack;
                }
            });
            Assert.True(oops == "", $"seed {seed}: {oops}");
            Assert.Equal(0, status);
        }

        Assert.True(_done > count / 20, $"{_done} of {count} did something");
    }

    /// <summary>A thousand questions for everything in one message: what there is to answer is put together at once, so there is an end to it.</summary>
    [Fact]
    public void Many_questions_at_once_are_not_answered_without_end()
    {
        using var machine = new Machine();
        _ = InetFamily.Install(machine.Kernel, "fuzz");
        var before = 0L;
        Assert.Equal(0, machine.Start(guest =>
        {
            var buffer = guest.Map(1 << 17);
            var fd = (ulong)guest.Call(Nr.socket, 16, 3 | 0x800, 0);
            byte[] make = [52, 0, 0, 0, 16, 0, 5, 6, .. new byte[8], .. new byte[16], 20, 0, 18, 0, 10, 0, 1, 0, (byte)'d', (byte)'u', (byte)'m', (byte)'m', (byte)'y', 0, 0, 0, 0, 0, 0, 0];
            guest.Store(buffer, make);
            for (var i = 0; i < 500; i++)
            {
                Assert.Equal(make.Length, guest.Call(Nr.sendto, fd, buffer, (ulong)make.Length, 0, 0, 0));
                _ = guest.Call(Nr.recvfrom, fd, buffer + 4096, 4096, 0x40, 0, 0);
            }

            byte[] ask = [20, 0, 0, 0, 18, 0, 1, 3, .. new byte[12]];
            guest.Store(buffer, [.. Enumerable.Repeat(ask, 3000).SelectMany(one => one)]);
            before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Equal(60_000, guest.Call(Nr.sendto, fd, buffer, 60_000, 0, 0, 0));
            before = GC.GetAllocatedBytesForCurrentThread() - before;
            while (guest.Call(Nr.recvfrom, fd, buffer, 1 << 16, 0x40, 0, 0) > 0)
            {
            }
        }));
        Assert.InRange(before, 1 << 20, 64 << 20);
    }

    /// <summary>A message that is nonsense from the beginning, or one that is right and then changed, or not.</summary>
    private static byte[] Message(Random random, int protocol)
    {
        var (type, flags, body) = protocol == 0 && random.Next(3) > 0 ? Sensible(random) : Nonsense(random, protocol);
        var bytes = new byte[16 + body.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, random.Next(30) == 0 ? (uint)random.Next() : (uint)bytes.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4), (ushort)type);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(6), random.Next(20) == 0 ? (ushort)random.Next(65536) : flags);
        body.CopyTo(bytes, 16);
        for (var changes = random.Next(6) - 3; changes > 0; changes--)
        {
            bytes[random.Next(16, bytes.Length)] ^= (byte)(1 << random.Next(8));
        }

        return bytes;
    }

    private static (int Type, ushort Flags, byte[] Body) Sensible(Random random)
    {
        var isV4 = random.Next(2) == 0;
        var (family, index) = (isV4 ? (byte)2 : (byte)10, (byte)random.Next(1, 5));
        byte[] address = isV4 ? [10, 0, (byte)random.Next(3), (byte)random.Next(8)] : [0xfd, .. new byte[14], (byte)random.Next(8)];
        var name = Named(3, s_names[random.Next(s_names.Length)]);
        return random.Next(10) switch
        {
            0 or 1 => (20, 0x605, [family, isV4 ? (byte)24 : (byte)64, 0, 0, index, 0, 0, 0, .. Attribute(1, address), .. Attribute(2, address)]),
            2 => (21, 5, [family, isV4 ? (byte)24 : (byte)64, 0, 0, index, 0, 0, 0, .. Attribute(2, address)]),
            3 => (random.Next(2) == 0 ? 24 : 25, 0x605, [family, isV4 ? (byte)32 : (byte)128, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0, .. Attribute(1, address), .. Attribute(4, [index, 0, 0, 0]), .. random.Next(2) == 0 ? Attribute(5, address) : [], .. random.Next(2) == 0 ? Attribute(8, Metrics(random)) : []]),
            4 => (random.Next(2) == 0 ? 28 : 29, 0x605, [family, 0, 0, 0, index, 0, 0, 0, (byte)(1 << random.Next(8)), 0, 0, 0, .. Attribute(1, address), .. Attribute(2, Bytes(random, 6))]),
            5 or 6 => (16, 0x605, [.. new byte[16], .. name, .. Attribute(18, [.. Named(1, s_names[random.Next(10, 14)]), .. random.Next(2) == 0 ? Attribute(random, 1) : []]), .. random.Next(4) == 0 ? Attribute(5, [index, 0, 0, 0]) : []]),
            7 => (17, 5, [.. new byte[4], index, .. new byte[11]]),
            8 => (19, 5, [.. new byte[4], index, 0, 0, 0, (byte)random.Next(2), 0, 0, 0, 1, 0, 0, 0, .. random.Next(2) == 0 ? Attribute(10, [(byte)random.Next(5), 0, 0, 0]) : [], .. Attribute(random, 0)]),
            _ => (26, 5, [family, isV4 ? (byte)32 : (byte)128, .. new byte[10], .. Attribute(1, address)]),
        };
    }

    private static byte[] Metrics(Random random)
        => [.. Enumerable.Range(0, random.Next(1, 4)).SelectMany(_ => Attribute((byte)(random.Next(8) == 0 ? random.Next(30) : new[] { 1, 2, 8, 10, 11 }[random.Next(5)]), random.Next(8) == 0 ? Bytes(random, random.Next(9)) : BitConverter.GetBytes((uint)s_numbers[random.Next(s_numbers.Length)])))];

    private static (int Type, ushort Flags, byte[] Body) Nonsense(Random random, int protocol)
    {
        byte[] families = [0, 2, 10, 7, 1, 17];
        int[] sizes = [3, 7, 11, 11, 15, 27];
        ushort[] flags = [1, 5, 0x301, 0x305, 0x401, 0x605, 0x405, 0xd05, 0x105];
        var body = new List<byte> { protocol == 16 ? (byte)random.Next(5) : random.Next(10) == 0 ? (byte)random.Next(256) : families[random.Next(6)] };
        body.AddRange(Bytes(random, protocol == 4 ? random.Next(20, 72) : sizes[random.Next(6)]));
        while (body.Count % 4 != 0)
        {
            body.Add(0);
        }

        for (var count = random.Next(8); count > 0; count--)
        {
            body.AddRange(Attribute(random, 0));
        }

        var type = protocol switch { 4 => random.Next(18, 24), 16 => 16, _ => random.Next(20) == 0 ? random.Next(128) : random.Next(16, 39) };
        return (type, flags[random.Next(flags.Length)], [.. body]);
    }

    private static byte[] Named(byte type, string name) => Attribute(type, [.. Encoding.ASCII.GetBytes(name), 0]);

    private static byte[] Attribute(byte type, byte[] value) => [(byte)(4 + value.Length), 0, type, 0, .. value, .. new byte[-value.Length & 3]];

    private static byte[] Attribute(Random random, int depth)
    {
        var value = random.Next(6) switch
        {
            0 => Encoding.ASCII.GetBytes(s_names[random.Next(s_names.Length)] + "\0"),
            1 => BitConverter.GetBytes((uint)s_numbers[random.Next(s_numbers.Length)]),
            2 => random.Next(2) == 0 ? [127, 0, 0, (byte)random.Next(256)] : [0xfd, .. new byte[14], (byte)random.Next(256)],
            3 => Bytes(random, 6),
            4 when depth < 4 => [.. Enumerable.Range(0, random.Next(4)).SelectMany(_ => Attribute(random, depth + 1))],
            _ => Bytes(random, random.Next(64)),
        };
        var bytes = new byte[(4 + value.Length + 3) & ~3];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, random.Next(30) == 0 ? (ushort)random.Next(100) : (ushort)(4 + value.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2), (ushort)(random.Next(random.Next(3) == 0 ? 56 : 21) | (random.Next(6) == 0 ? 0x8000 : 0)));
        value.CopyTo(bytes, 4);
        if (depth == 0 && random.Next(4) == 0)
        {
            // What makes an interface: IFLA_LINKINFO with IFLA_INFO_KIND.
            byte[] kind = [.. Encoding.ASCII.GetBytes(s_names[random.Next(10, 14)]), 0];
            var inner = new byte[(4 + kind.Length + 3) & ~3];
            (inner[0], inner[2]) = ((byte)(4 + kind.Length), 1);
            kind.CopyTo(inner, 4);
            var data = random.Next(2) == 0 ? Attribute(random, 1) : [];
            bytes = [(byte)(4 + inner.Length + data.Length), 0, 18, 0, .. inner, .. data];
        }

        return bytes;
    }

    /// <summary>An option of a shape that is nearly right: extension headers, flow labels, options of IPv4, fanouts, rings, keys.</summary>
    private static byte[] Shaped(Random random, out ulong level, out ulong name)
    {
        byte[] bytes;
        switch (random.Next(6))
        {
            case 0:
                bytes = Bytes(random, 8 * random.Next(1, 5));
                bytes[1] = (byte)(bytes.Length / 8 - random.Next(3));
                (bytes[2], bytes[3]) = ((byte)random.Next(3), (byte)(bytes.Length - 4 - random.Next(2)));
                (level, name) = (41, (ulong)random.Next(54, 60));
                return bytes;
            case 1:
                bytes = new byte[32];
                (bytes[0], bytes[15], bytes[18], bytes[19]) = (0xfd, 1, 0, (byte)random.Next(4));
                (bytes[20], bytes[21], bytes[22]) = ((byte)random.Next(4), (byte)random.Next(5), (byte)random.Next(8));
                (level, name) = (41, 32);
                return bytes;
            case 2:
                bytes = Bytes(random, random.Next(44));
                for (var at = 0; at + 1 < bytes.Length; at += Math.Max(2, (int)bytes[at + 1]))
                {
                    (bytes[at], bytes[at + 1]) = ((byte)(random.Next(3) == 0 ? 148 : 7), (byte)random.Next(2, 12));
                }

                (level, name) = (0, 4);
                return bytes;
            case 3:
                bytes = [(byte)random.Next(3), 0, (byte)random.Next(9), (byte)(random.Next(3) == 0 ? random.Next(256) : 0)];
                (level, name) = (263, 18);
                return bytes;
            case 4:
                bytes = new byte[16];
                (bytes[1], bytes[4], bytes[9], bytes[12]) = (16, (byte)random.Next(3), 8, (byte)random.Next(6));
                (level, name) = (263, 5);
                return bytes;
            default:
                bytes = Bytes(random, 16 * random.Next(1, 4));
                (level, name) = (6, 33);
                return bytes;
        }
    }

    private static byte[] Control(Random random)
    {
        var bytes = new List<byte>();
        for (var count = random.Next(4); count > 0; count--)
        {
            var value = Bytes(random, random.Next(40));
            var header = new byte[16];
            BinaryPrimitives.WriteUInt64LittleEndian(header, random.Next(10) == 0 ? (ulong)random.NextInt64() : (ulong)(16 + value.Length));
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), (ReadOnlySpan<int>)[0, 1, 17, 41] is var levels ? levels[random.Next(4)] : 0);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), random.Next(110));
            bytes.AddRange([.. header, .. value, .. new byte[-value.Length & 7]]);
        }

        return [.. bytes.Take(1900)];
    }

    /// <summary>Numbers that matter, or anything.</summary>
    private static byte[] Bytes(Random random, int length)
    {
        var bytes = new byte[length];
        switch (random.Next(4))
        {
            case 0:
                random.NextBytes(bytes);
                break;
            case 1:
                break;
            default:
                for (var at = 0; at + 4 <= length; at += 4)
                {
                    BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), (uint)s_numbers[random.Next(s_numbers.Length)]);
                }

                break;
        }

        return bytes;
    }
}
