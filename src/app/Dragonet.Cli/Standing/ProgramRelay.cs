using System.Buffers.Binary;
using System.IO;
using Dragonet.Control;

namespace Dragonet.Cli.Standing;

/// <summary>A program in a jail whose streams are a client's, over frames; or nobody's, and then what it prints is kept.</summary>
internal sealed class ProgramRelay : IDisposable
{
    private const int HangUp = 1;

    private readonly FrameChannel _frames;
    private readonly GuestTerminal? _terminal;
    private readonly ProgramLog? _log;
    private volatile bool _ended;

    internal ProgramRelay(FrameChannel frames, GuestJail jail, ExecRequest request, ProgramLog? log)
    {
        _frames = frames;
        _log = log;
        if (request.Arguments.Count == 0)
        {
            throw new ControlException("exec: no program");
        }

        _terminal = request.Rows > 0 && log is null ? jail.CreateTerminal(Math.Min(request.Rows, 4096), Math.Clamp(request.Columns, 1, 4096)) : null;
        var stream = _terminal is null ? GuestStream.Pipe : GuestStream.Terminal(_terminal);
        try
        {
            Process = jail.Start(new ProgramOptions
            {
                Arguments = request.Arguments,
                Environment = request.Environment,
                WorkingDirectory = request.Directory,
                User = request.User,
                Input = log is null ? stream : GuestStream.Null,
                Output = stream,
                Error = stream,
            });
        }
        catch
        {
            _terminal?.Dispose();
            throw;
        }
    }

    internal GuestProcess Process { get; }

    /// <summary>Relays until the program has ended; one that runs by itself is left to itself.</summary>
    /// <param name="atEnd">Done with its status, as a shell shows it, before the client hears of it.</param>
    internal void Run(Action<int>? atEnd = null)
    {
        if (_log is not null)
        {
            var errors = Begin(() => Pump(Process.StandardError, FrameKind.Error));
            _ = Begin(() =>
            {
                Pump(Process.StandardOutput, FrameKind.Output);
                errors.Join();
                _ = Process.Wait(); // it may have closed its streams and go on
                Process.Dispose();
            });
            return;
        }

        Thread[] pumps = _terminal is null
            ? [Begin(() => Pump(Process.StandardOutput, FrameKind.Output)), Begin(() => Pump(Process.StandardError, FrameKind.Error))]
            : [Begin(PumpTerminal)];
        _ = Begin(Listen);
        try
        {
            var status = Process.Wait();
            _ended = true;
            _terminal?.Changed.Set();
            OutputEnd.Await(Process, pumps);
            atEnd?.Invoke(status.ShellCode);
            Span<byte> code = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(code, status.ShellCode);
            _frames.Write(FrameKind.Exit, code);
        }
        finally
        {
            Dispose(); // also when the client is gone
        }
    }

    /// <summary>Ends the program; what is left in its pipes is given back.</summary>
    public void Dispose()
    {
        Process.Dispose();
        _terminal?.Dispose();
    }

    private static Thread Begin(Action body)
    {
        var thread = new Thread(() =>
        {
            try
            {
                body();
            }
            catch (Exception failure) when (failure is IOException or ObjectDisposedException or ControlException)
            {
                // The client is gone; whoever reads from it tells the program.
            }
        }, 256 * 1024) { IsBackground = true, Name = "relay" };
        thread.Start();
        return thread;
    }

    private void Pump(Stream source, FrameKind kind)
    {
        var buffer = new byte[32768];
        for (int count; (count = source.Read(buffer)) > 0;)
        {
            if (_log is null)
            {
                _frames.Write(kind, buffer.AsSpan(0, count));
            }
            else
            {
                _log.Add(buffer.AsSpan(0, count));
            }
        }
    }

    private void PumpTerminal()
    {
        var buffer = new byte[16384];
        while (true)
        {
            _terminal!.Changed.Reset();
            var count = _terminal.TakeOutput(buffer);
            if (count > 0)
            {
                _frames.Write(FrameKind.Output, buffer.AsSpan(0, count));
            }
            else if (_ended)
            {
                return;
            }
            else
            {
                _terminal.Changed.Wait();
            }
        }
    }

    private void Listen()
    {
        try
        {
            while (_frames.Read() is { } frame)
            {
                Take(frame);
            }
        }
        finally
        {
            if (!_ended)
            {
                Process.SignalGroup(HangUp);
            }
        }
    }

    private void Take(Frame frame)
    {
        var bytes = frame.Bytes.Span;
        switch (frame.Kind)
        {
            case FrameKind.Input when _terminal is not null:
                while (!bytes.IsEmpty && _terminal.Feed(bytes) is > 0 and var taken)
                {
                    bytes = bytes[taken..];
                }

                break;
            case FrameKind.Input when bytes.IsEmpty:
                Process.StandardInput.Dispose();
                break;
            case FrameKind.Input:
                try
                {
                    Process.StandardInput.Write(bytes);
                }
                catch (IOException)
                {
                    Process.StandardInput.Dispose(); // it does not read any more
                }

                break;
            case FrameKind.Resize when bytes.Length == 4:
                _terminal?.Resize(BinaryPrimitives.ReadUInt16LittleEndian(bytes), BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]));
                break;
            case FrameKind.Signal when bytes.Length == 1 && bytes[0] is > 0 and < 65:
                Process.SignalGroup(bytes[0]);
                break;
            default:
                throw new ControlException("a frame that does not belong here");
        }
    }
}
