using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.IO;
using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>The host's Linux stack on the other side of a wire, and a stack of ours on this one, in real time. Root only.</summary>
internal sealed class LinuxPeer : IDisposable
{
    private readonly Process _process;
    private readonly BlockingCollection<byte[]> _frames = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Stream _out;

    private readonly Random _random = new(1);
    private readonly double _trouble;
    private byte[]? _late;

    private LinuxPeer(Process process, double trouble)
    {
        _process = process;
        _trouble = trouble;
        _out = process.StandardInput.BaseStream;
        Stack = Stack.WithLoopback(new StackOptions { Random = () => (ulong)Random.Shared.NextInt64(long.MinValue, long.MaxValue) });
        Link = new EthernetInterface(Stack, "eth0", new EthernetAddress(0x020000000002), Send) { IsUp = true };
        _ = Link.AddAddress(Prefix.Parse("10.9.0.2/24"));
        _ = Link.AddAddress(Prefix.Parse("fd09::2/64"));
        new Thread(Read) { IsBackground = true }.Start();
        new Thread(ReadReports) { IsBackground = true }.Start();
    }

    public Stack Stack { get; }

    public EthernetInterface Link { get; }

    /// <summary>What the peer has told.</summary>
    public ConcurrentQueue<string> Reports { get; } = new();

    /// <summary>Starts the peer, or skips the test where that cannot be.</summary>
    /// <param name="trouble">How likely a TCP segment is lost on its way, comes twice, late, or with a wrong bit: each by itself.</param>
    public static LinuxPeer Start(double trouble)
    {
        Assert.SkipUnless(Environment.UserName == "root", "only root makes network namespaces and TAP devices");
        Assert.SkipUnless(File.Exists("/dev/net/tun"), "there is no /dev/net/tun");
        foreach (var tool in new[] { "/usr/bin/unshare", "/usr/bin/python3", "/usr/sbin/ip" })
        {
            Assert.SkipUnless(File.Exists(tool), tool + " is not here");
        }

        var start = new ProcessStartInfo("/usr/bin/unshare", ["-n", "/usr/bin/python3", System.IO.Path.Combine(AppContext.BaseDirectory, "peer.py")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return new LinuxPeer(Process.Start(start)!, trouble);
    }

    /// <summary>Runs the stack until a condition holds.</summary>
    /// <param name="condition">It.</param>
    /// <param name="state">What to say when it does not come to hold.</param>
    public void Until(Func<bool> condition, Func<string>? state = null)
    {
        var end = _clock.Elapsed + TimeSpan.FromMinutes(1);
        while (true)
        {
            Stack.SetTime(_clock.Elapsed.Ticks * 100);
            Stack.Run();
            if (condition())
            {
                Stack.Run();
                return;
            }

            Assert.True(_clock.Elapsed < end, "hangs; the peer says: " + string.Join(" | ", Reports) + state?.Invoke());
            Stack.Run();
            var wait = Math.Clamp(Stack.NextDeadline / World.Millisecond - _clock.ElapsedMilliseconds, 0, 100);
            if (_frames.TryTake(out var frame, (int)wait))
            {
                Stack.SetTime(_clock.Elapsed.Ticks * 100);
                foreach (var some in Impair(frame))
                {
                    Link.Receive(some);
                }
            }
        }
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Send(ReadOnlySpan<byte> frame)
    {
        var length = new byte[2];
        foreach (var some in Impair(frame.ToArray()))
        {
            BinaryPrimitives.WriteUInt16LittleEndian(length, (ushort)some.Length);
            _out.Write(length);
            _out.Write(some);
            _out.Flush();
        }
    }

    private List<byte[]> Impair(byte[] frame)
    {
        var frames = new List<byte[]>();
        var segment = SegmentIn(frame);
        if (segment == 0)
        {
            return [frame];
        }

        if (Happens())
        {
            frame[_random.Next(segment, frame.Length)] ^= (byte)(1 << _random.Next(8));
        }

        if (!Happens())
        {
            frames.Add(frame);
        }

        if (Happens())
        {
            frames.Add(frame);
        }

        // One frame of either way at a time may be late; it comes behind the next one of its own way.
        var (late, isOwn) = (_late, _late is not null && _late.AsSpan(6, 6).SequenceEqual(frame.AsSpan(6, 6)));
        if (isOwn)
        {
            frames.Add(late!);
            _late = null;
        }
        else if (late is null && frames.Count == 1 && Happens())
        {
            _late = frames[0];
            frames.Clear();
        }

        return frames;
    }

    /// <summary>Where the TCP segment of a frame begins; 0 when there is none. Nothing else has trouble: neighbours give up after three lost
    /// questions, as they should (RFC 4861, section 10), and nobody notices a wrong bit in an ARP packet or an IPv6 header.</summary>
    private static int SegmentIn(byte[] frame) =>
        !EthernetFrame.TryParse(frame, out var ethernet) ? 0
        : ethernet.Type == EthernetFrame.TypeIPv4 && frame[23] == (byte)IPProtocol.Tcp ? EthernetFrame.HeaderSize + IPv4Packet.MinimalHeader
        : ethernet.Type == EthernetFrame.TypeIPv6 && frame[20] == (byte)IPProtocol.Tcp ? EthernetFrame.HeaderSize + IPv6Packet.HeaderSize
        : 0;

    private bool Happens() => _random.NextDouble() < _trouble;

    private void Read()
    {
        var stream = _process.StandardOutput.BaseStream;
        var header = new byte[2];
        while (stream.ReadAtLeast(header, 2, throwOnEndOfStream: false) == 2)
        {
            var frame = new byte[BinaryPrimitives.ReadUInt16LittleEndian(header)];
            if (stream.ReadAtLeast(frame, frame.Length, throwOnEndOfStream: false) < frame.Length)
            {
                return;
            }

            _frames.Add(frame);
        }
    }

    private void ReadReports()
    {
        while (_process.StandardError.ReadLine() is { } line)
        {
            Reports.Enqueue(line);
        }
    }
}
