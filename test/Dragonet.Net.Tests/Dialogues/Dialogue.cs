using System.Globalization;
using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests.Dialogues;

/// <summary>
/// A conversation between the stack and a peer who is the test, written down as a script (after Google's packetdrill). One line each:
/// <code>
/// &lt; FLAGS SEQ[+LENGTH] [ack N] [win N] [urg N] [tos N] [mss N] [ws N] [sackok] [ts VALUE ECHO] [sack A-B,C-D]   the peer sends
/// &gt; FLAGS SEQ[+LENGTH] [...]        the stack has sent this, and the test has not looked at it yet; what is not named is not compared
/// &gt; ... within 200ms                 it is sent after exactly so much time
/// silence 200ms                      nothing is sent for so long
/// pass 200ms                         time passes, whatever is sent is dropped
/// state CloseWait; error ECONNRESET; listen; connect; accept; send N; urgent N; recv N; recv end; close; reset; shut; nodelay; keepalive S
/// </code>
/// FLAGS are letters of S F R P . U E W (. is ACK), '-' for none. P is not compared. Positions count from each side's SYN, which is 0.
/// </summary>
internal sealed class Dialogue
{
    private const uint PeerStart = 0x7ffffff0; // both wrap soon
    private const ushort PeerPort = 5000, OurPort = 80;

    private static readonly Dictionary<char, TcpFlags> Letters = new()
    {
        ['S'] = TcpFlags.Syn, ['F'] = TcpFlags.Fin, ['R'] = TcpFlags.Rst, ['P'] = TcpFlags.Psh, ['.'] = TcpFlags.Ack,
        ['U'] = TcpFlags.Urg, ['E'] = TcpFlags.Ece, ['W'] = TcpFlags.Cwr, ['-'] = TcpFlags.None,
    };

    private readonly Queue<byte[]> _sent = new();
    private readonly PointToPointInterface _link;
    private readonly IPAddress _ours = IPAddress.Parse("10.0.0.1");
    private readonly IPAddress _peers = IPAddress.Parse("10.0.0.2");
    private uint? _ourStart;
    private long _now = World.Second;
    private ushort _ourPort = OurPort;
    private string _line = "";

    public Dialogue(Action<StackOptions>? configure = null)
    {
        var random = new Random(1);
        var options = new StackOptions { Random = () => (ulong)random.NextInt64(), HalfOpenLimit = HalfOpenLimit };
        configure?.Invoke(options);
        Stack = Stack.WithLoopback(options);
        Stack.SetTime(_now);
        World.UseLargeBuffers(Stack);
        _link = new PointToPointInterface(Stack, "tun0", 1500, packet => _sent.Enqueue(packet.ToArray())) { IsUp = true };
        _ = _link.AddAddress(Prefix.Parse("10.0.0.1/24"));
        Socket = Stack.CreateTcp(isV6: false);
    }

    public const int HalfOpenLimit = 2;

    public Stack Stack { get; }

    /// <summary>The listener, or the socket that connected; after "accept" the accepted one.</summary>
    public TcpSocket Socket { get; private set; }

    /// <summary>Plays a script from where the last one ended.</summary>
    public Dialogue Run(string script)
    {
        foreach (var line in script.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            _line = line;
            var words = line.Split('#')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 0)
            {
                Step(words);
                Stack.Run();
            }
        }

        return this;
    }

    /// <summary>Forgets the peer's view of our numbers: the next segment of ours is another connection's SYN.</summary>
    public Dialogue Anew()
    {
        _ourStart = null;
        return this;
    }

    private static long Time(string text) => text.EndsWith("ms", StringComparison.Ordinal)
        ? long.Parse(text[..^2], CultureInfo.InvariantCulture) * World.Millisecond
        : long.Parse(text[..^1], CultureInfo.InvariantCulture) * World.Second;

    private void Step(string[] words)
    {
        switch (words[0])
        {
            case "<":
                Inject(words);
                break;
            case ">":
                Expect(words);
                break;
            case "silence":
                Advance(_now + Time(words[1]));
                Assert.True(_sent.Count == 0, $"{_line}: {(_sent.TryPeek(out var first) ? Describe(first) : "")}");
                break;
            case "pass":
                Advance(_now + Time(words[1]));
                _sent.Clear();
                break;
            default:
                Call(words);
                break;
        }
    }

    private void Call(string[] words)
    {
        switch (words[0])
        {
            case "listen":
                Check(Socket.Bind(new Endpoint(IPAddress.AnyV4, OurPort)));
                Check(Socket.Listen(16));
                break;
            case "connect":
                Assert.Equal(Errno.EINPROGRESS, Socket.Connect(new Endpoint(_peers, PeerPort)));
                _ourPort = Socket.Local.Port;
                break;
            case "accept":
                Assert.True(Socket.Accept().Ok(out var accepted, out var error), $"{_line}: {error}");
                Socket = accepted!;
                break;
            case "send" or "urgent":
                Assert.Equal(int.Parse(words[1], CultureInfo.InvariantCulture), Socket.Send(new byte[int.Parse(words[1], CultureInfo.InvariantCulture)], urgent: words[0] == "urgent").Value);
                break;
            case "recv":
                var result = Socket.Receive(new byte[1 << 20]);
                Assert.True(result.IsOk, $"{_line}: {result.Error}");
                Assert.Equal(words[1] == "end" ? 0 : int.Parse(words[1], CultureInfo.InvariantCulture), result.Value);
                break;
            case "close":
                Socket.Close();
                break;
            case "reset":
                Socket.Close(hard: true);
                break;
            case "shut":
                Check(Socket.Shutdown(read: false, write: true));
                break;
            case "nodelay":
                Socket.Settings.NoDelay = true;
                break;
            case "keepalive":
                Socket.Settings.KeepAlive = true;
                Socket.Settings.KeepIdle = int.Parse(words[1], CultureInfo.InvariantCulture);
                Socket.SettingsChanged(push: false);
                break;
            case "state":
                var found = Stack.ListTcp().Where(entry => entry.State != TcpState.Listen).Select(entry => entry.State).DefaultIfEmpty(TcpState.Closed).First();
                Assert.True(Enum.Parse<TcpState>(words[1]) == found, $"{_line}: it is {found}");
                break;
            case "error":
                Assert.Equal(Enum.Parse<Errno>(words[1]), Socket.TakeError());
                break;
            default:
                Assert.Fail($"what is {_line}?");
                break;
        }
    }

    private void Check(Errno error) => Assert.True(error == Errno.OK, $"{_line}: {error}");

    private void Advance(long until)
    {
        Stack.Run();
        while (Stack.NextDeadline <= until)
        {
            _now = Math.Max(_now, Stack.NextDeadline);
            Stack.SetTime(_now);
            Stack.Run();
        }

        _now = until;
        Stack.SetTime(_now);
        Stack.Run();
    }

    private static string? After(string[] words, string name)
    {
        var at = Array.IndexOf(words, name);
        return at < 0 ? null : words[at + 1];
    }

    private static uint Number(string? text) => text is null ? 0 : (uint)long.Parse(text, CultureInfo.InvariantCulture);

    private void Inject(string[] words)
    {
        var flags = words[1].Aggregate(TcpFlags.None, (all, letter) => all | Letters[letter]);
        var range = words[2].Split('+');
        var length = range.Length > 1 ? int.Parse(range[1], CultureInfo.InvariantCulture) : 0;
        var options = new TcpOptions { WindowScale = After(words, "ws") is { } shift ? int.Parse(shift, CultureInfo.InvariantCulture) : -1 };
        options.MaximumSegment = (ushort)Number(After(words, "mss"));
        options.SackPermitted = words.Contains("sackok");
        if (After(words, "ts") is { } stamp)
        {
            options.HasTimestamp = true;
            options.TimestampValue = Number(stamp);
            options.TimestampEcho = words[Array.IndexOf(words, "ts") + 2] == "last" ? _lastStamp : Number(words[Array.IndexOf(words, "ts") + 2]);
        }

        foreach (var block in (After(words, "sack") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = block.Split('-');
            _ = options.AddBlock((_ourStart ?? 0) + Number(ends[0]), (_ourStart ?? 0) + Number(ends[1]));
        }

        var bytes = new byte[20 + 20 + TcpOptions.MaxSize + length];
        var header = 20 + options.Write(bytes.AsSpan(40));
        bytes = bytes[..(20 + header + length)];
        var acknowledgment = (flags & TcpFlags.Ack) != 0 ? (_ourStart ?? 0) + Number(After(words, "ack")) : 0;
        var fields = new TcpFields(PeerStart + Number(range[0]), acknowledgment, flags, (ushort)(After(words, "win") is { } window ? Number(window) : 65535), (ushort)Number(After(words, "urg")));
        TcpSegment.Write(bytes.AsSpan(20), new Endpoint(_peers, (ushort)(After(words, "port") is { } port ? Number(port) : PeerPort)), new Endpoint(_ours, _ourPort), fields, header, withChecksum: true);
        IPv4Packet.Write(bytes, new IPHeader(_peers, _ours, IPProtocol.Tcp, 64, (byte)Number(After(words, "tos"))), bytes.Length - 20, 0, 0);
        _link.Receive(bytes);
    }

    private uint _lastStamp;

    private void Expect(string[] words)
    {
        var within = After(words, "within");
        Stack.Run();
        if (within is not null)
        {
            Assert.True(_sent.Count == 0, $"{_line}: too early: {(_sent.TryPeek(out var early) ? Describe(early) : "")}");
            var due = _now + Time(within);
            Advance(due - 1);
            Assert.True(_sent.Count == 0, $"{_line}: too early");
            Advance(due);
        }

        Assert.True(_sent.TryDequeue(out var packet), $"{_line}: nothing was sent");
        Assert.True(TcpSegment.TryParse(packet.AsSpan(20), out var segment), _line);
        Assert.True(segment.IsChecksumValid(_ours, _peers), _line);
        if (segment.Has(TcpFlags.Syn))
        {
            _ourStart ??= segment.Sequence;
        }

        var start = _ourStart ?? 0; // before a SYN of ours, numbers are those of the header
        var options = TcpOptions.Parse(segment.Options);
        _lastStamp = options.HasTimestamp ? options.TimestampValue : _lastStamp;
        var flags = words[1].Aggregate(TcpFlags.None, (all, letter) => all | Letters[letter]);
        var range = words[2].Split('+');
        var length = range.Length > 1 ? int.Parse(range[1], CultureInfo.InvariantCulture) : 0;
        var text = $"{_line}: {Describe(packet)}";
        Assert.True((segment.Flags & ~TcpFlags.Psh) == (flags & ~TcpFlags.Psh), text);
        Assert.True(segment.Sequence - start == Number(range[0]), text);
        Assert.True(segment.Payload.Length == length, text);
        AssertField(words, "ack", segment.Acknowledgment - PeerStart, text);
        AssertField(words, "win", segment.Window, text);
        AssertField(words, "urg", segment.UrgentPointer, text);
        AssertField(words, "tos", packet[1], text);
        AssertField(words, "mss", options.MaximumSegment, text);
        AssertField(words, "ws", (uint)options.WindowScale, text);
        AssertField(words, "echo", options.TimestampEcho, text);
        Assert.True(!words.Contains("sackok") || options.SackPermitted, text);
        Assert.True(!words.Contains("nosack") || !options.SackPermitted, text);
        Assert.True(!words.Contains("nots") || !options.HasTimestamp, text);
        if (After(words, "sack") is { } expected)
        {
            var blocks = Enumerable.Range(0, options.BlockCount).Select(i => options.Block(i)).Select(block => $"{block.Left - PeerStart}-{block.Right - PeerStart}");
            Assert.True(string.Join(',', blocks) == expected, text);
        }
    }

    private static void AssertField(string[] words, string name, uint value, string text) =>
        Assert.True(After(words, name) is not { } expected || Number(expected) == value, $"{text} ({name} is {value})");

    private string Describe(byte[] packet)
    {
        _ = TcpSegment.TryParse(packet.AsSpan(20), out var segment);
        var start = _ourStart ?? segment.Sequence;
        return string.Create(CultureInfo.InvariantCulture, $"sent {segment.Flags} {segment.Sequence - start}+{segment.Payload.Length} ack {segment.Acknowledgment - PeerStart} win {segment.Window}");
    }
}
