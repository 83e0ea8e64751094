using System.Runtime.InteropServices;
using Dragonet.Kernel;
using Dragonet.Platform;
using Dragonet.Platform.Linux.HostStreams;

namespace Dragonet;

/// <summary>
/// Joins the terminal that we were started on with a terminal of the guest: keys go in, what programs print comes out, the size
/// follows, ^Z stops us as it would stop the program.
/// </summary>
public sealed class HostConsole : IDisposable
{
    private readonly HostTty _tty;
    private readonly GuestTerminal _terminal;
    private readonly IHostStream _input;
    private readonly IHostStream _output;
    private readonly PosixSignalRegistration _resize;
    private readonly PosixSignalRegistration _continue;
    private readonly ManualResetEventSlim _finished = new();
    private GuestProcess? _process;
    private volatile bool _ending;

    internal HostConsole(Kernel.Kernel kernel, HostTty tty, GuestTerminal terminal, int input, int output)
    {
        _tty = tty;
        _terminal = terminal;
        _input = kernel.Platform.OpenStream(input);
        _output = kernel.Platform.OpenStream(output);
        _resize = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => Resize());
        _continue = PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => tty.MakeRaw());
    }

    /// <summary>The guest's side.</summary>
    public GuestStream Stream => GuestStream.Terminal(_terminal);

    /// <summary>Starts joining for a program.</summary>
    public void Attach(GuestProcess process)
    {
        _process = process;
        _tty.MakeRaw();
        new Thread(PumpOutput, 256 * 1024) { IsBackground = true, Name = "screen" }.Start();
        PumpInput();
        process.Stopped += OnStopped;
    }

    /// <summary>Prints what is left and gives the terminal back.</summary>
    public void Finish()
    {
        _ending = true;
        _terminal.Changed.Set();
        if (_process is not null)
        {
            _finished.Wait();
        }

        _tty.Restore();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _resize.Dispose();
        _continue.Dispose();
        _tty.Dispose();
        _terminal.Dispose();
    }

    private void Resize()
    {
        var (rows, columns) = _tty.Size;
        _terminal.Resize(rows, columns);
    }

    private void OnStopped()
    {
        // As a shell sees it: the job stopped, the terminal is as it was; "fg" continues both.
        _tty.Restore();
        HostTty.StopSelf();
        _tty.MakeRaw();
        Resize();
        _process!.SignalGroup(Sig.CONT);
    }

    private void PumpInput()
    {
        var buffer = new byte[1024];
        while (!_ending)
        {
            var count = _input.Read(buffer);
            if (count <= 0)
            {
                if (count == -(int)Abi.Errno.EAGAIN)
                {
                    _input.Arm(Abi.PollEvents.POLLIN, PumpInput);
                }

                return;
            }

            for (var typed = buffer.AsMemory(0, count); !typed.IsEmpty && !_ending;)
            {
                var taken = _terminal.Feed(typed.Span);
                typed = typed[taken..];
                if (taken == 0)
                {
                    // The program does not read: what is typed beyond a full line is lost, as on a terminal of the host.
                    break;
                }
            }
        }
    }

    private void PumpOutput()
    {
        var buffer = new byte[16384];
        while (true)
        {
            _terminal.Changed.Reset();
            var count = _terminal.TakeOutput(buffer);
            if (count > 0)
            {
                Print(buffer.AsSpan(0, count));
                continue;
            }

            if (_ending)
            {
                _finished.Set();
                return;
            }

            _terminal.Changed.Wait();
        }
    }

    private void Print(ReadOnlySpan<byte> bytes)
    {
        using var ready = new ManualResetEventSlim();
        while (!bytes.IsEmpty)
        {
            var count = _output.Write(bytes);
            if (count == -(int)Abi.Errno.EAGAIN)
            {
                ready.Reset();
                _output.Arm(Abi.PollEvents.POLLOUT, ready.Set);
                ready.Wait();
            }
            else if (count < 0)
            {
                return;
            }
            else
            {
                bytes = bytes[count..];
            }
        }
    }
}
