using System.Buffers;
using Dragonet.Abi;
using Dragonet.Net;
using Dragonet.Platform.Linux.HostSockets;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Switching;

/// <summary>Asks a switch, from another process.</summary>
public sealed class SwitchClient : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly string _path;
    private readonly FrameSocket _socket;
    private readonly FramePoller _poller = new();
    private readonly List<(int Key, bool CanRead, bool CanWrite)> _ready = [];
    private readonly byte[] _buffer = new byte[FrameSwitch.MaxFrame + 1];

    private SwitchClient(string path, FrameSocket socket)
    {
        (_path, _socket) = (path, socket);
        _poller.Add(socket, 0);
    }

    /// <summary>Connects.</summary>
    /// <exception cref="DragonetException">There is no switch, or we may not.</exception>
    public static SwitchClient Connect(string path)
    {
        try
        {
            return FrameSocket.Connect(path).Ok(out var socket, out var error) ? new SwitchClient(path, socket) : throw new DragonetException($"{path}: " + error switch
            {
                Errno.ENOENT or Errno.ECONNREFUSED => "there is no switch here ('dragonet switch' starts one)",
                Errno.EACCES => "this user may not connect",
                Errno.EPROTOTYPE => "this is no switch",
                _ => error.ToString(),
            });
        }
        catch (InvalidOperationException failure)
        {
            throw new DragonetException(failure.Message, failure);
        }
    }

    /// <summary>Its ports: columns by name.</summary>
    /// <exception cref="DragonetException">It has gone.</exception>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> ListPorts() => List("ports");

    /// <summary>The addresses that it knows.</summary>
    /// <exception cref="DragonetException">It has gone.</exception>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> ListAddresses() => List("addresses");

    /// <summary>Makes a port's link bad in both directions, or good.</summary>
    /// <param name="port">Its number or name, or "all".</param>
    /// <param name="words">As in "delay=20ms", "loss=1%", or "off".</param>
    /// <exception cref="DragonetException">There is no such port, or a word is wrong, or this user may not.</exception>
    public void Impair(string port, IEnumerable<string> words) => Command(["impair", port, .. words]);

    /// <summary>Writes everything that passes as a pcapng file, until the switch ends or the output takes no more.</summary>
    /// <param name="output">Takes pieces of the file.</param>
    /// <exception cref="DragonetException">This user may not.</exception>
    public void Capture(Action<ReadOnlyMemory<byte>> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        Command(["monitor"]);
        var buffer = new ArrayBufferWriter<byte>();
        var file = new PcapngWriter(buffer);
        file.WriteHeader();
        var link = file.WriteInterface("switch", isRaw: false);
        output(buffer.WrittenMemory);
        for (var length = Receive(Timeout.InfiniteTimeSpan); length > 0; length = Receive(Timeout.InfiniteTimeSpan))
        {
            buffer.ResetWrittenCount();
            file.WritePacket(link, HostTime.Realtime, _buffer.AsSpan(0, length), isOutgoing: false);
            output(buffer.WrittenMemory);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Dispose();
        _poller.Dispose();
    }

    private void Command(IEnumerable<string> lines)
    {
        Send(lines);
        if (Answer() is not ["ok", ..] and var answer)
        {
            throw new DragonetException($"{_path}: {answer.ElementAtOrDefault(1) ?? answer[0]}");
        }
    }

    private List<IReadOnlyDictionary<string, string>> List(string what)
    {
        Send([what]);
        var rows = new List<IReadOnlyDictionary<string, string>>();
        for (var answer = Answer(); answer[0] == "rows"; answer = Answer())
        {
            rows.AddRange(answer.Skip(1).Select(static line => line.Split('\t').Select(static cell => cell.Split('=', 2)).Where(static cell => cell.Length == 2).ToDictionary(static cell => cell[0], static cell => cell[1])));
        }

        return rows;
    }

    private void Send(IEnumerable<string> lines)
    {
        if (_socket.Send(SwitchMessage.Make(lines)) is not Errno.OK and var error)
        {
            throw new DragonetException($"{_path}: {(error == Errno.EPIPE ? "the switch has gone" : error.ToString())}");
        }
    }

    private string[] Answer() => Receive(s_patience) is > 0 and var length && SwitchMessage.Parse(_buffer.AsSpan(0, length)) is { } lines ? lines : throw new DragonetException($"{_path}: the switch gives no answer");

    /// <summary>The next frame's length; 0 when there comes none.</summary>
    private int Receive(TimeSpan patience)
    {
        var end = patience == Timeout.InfiniteTimeSpan ? long.MaxValue : HostTime.Monotonic + (long)patience.TotalNanoseconds;
        while (true)
        {
            if (_socket.Receive(_buffer).Ok(out var length, out var error))
            {
                return length;
            }

            var rest = end == long.MaxValue ? end : end - HostTime.Monotonic;
            if (error != Errno.EAGAIN || rest <= 0)
            {
                return 0;
            }

            _poller.Wait(_ready, rest);
        }
    }
}
