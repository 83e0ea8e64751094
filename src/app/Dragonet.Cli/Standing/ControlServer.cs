using System.Collections.Concurrent;
using System.IO;
using System.Net.Sockets;
using Dragonet.Control;
using Microsoft.Win32.SafeHandles;

namespace Dragonet.Cli.Standing;

/// <summary>Serves the control socket of a kernel that stays: a thread for each connection, one request each.</summary>
/// <param name="kernel">The kernel.</param>
/// <param name="listener">Where clients connect.</param>
/// <param name="clients">Who may.</param>
/// <param name="information">What `dragonet ls` shows.</param>
internal sealed class ControlServer(DragonetKernel kernel, QuietProcess quiet, Socket listener, ControlAccess clients, IReadOnlyDictionary<string, string> information)
{
    /// <summary>Seconds that programs have when nobody says how many.</summary>
    internal const int Patience = 10;

    private const int MostConnections = 512;

    private readonly ManualResetEventSlim _halted = new();
    private readonly AutoResetEvent _given = new(false); // a descriptor may have come back
    private SafeFileHandle? _reserve = Reserve();        // used by the accepting thread alone
    private int _connections;
    private volatile bool _over;
    private TimeSpan _patience; // written before _halted is set

    internal DragonetKernel Kernel => kernel;

    /// <summary>What `dragonet ls -v` shows.</summary>
    internal IReadOnlyDictionary<string, string> Information => information;

    /// <summary>What programs printed that run by themselves, by the number of their jail.</summary>
    internal ConcurrentDictionary<int, ProgramLog> Logs { get; } = new();

    /// <summary>What was started last to run by itself, by the number of its jail.</summary>
    internal ConcurrentDictionary<int, ExecRequest> Programs { get; } = new();

    /// <summary>What is done around jails when the kernel is halted.</summary>
    internal StopPlans Stops { get; } = new(kernel);

    /// <summary>Serves until somebody halts the kernel, and ends its programs in order.</summary>
    internal void Run()
    {
        kernel.Jails.Changed += change =>
        {
            _ = _given.Set();
            if (change.What == "gone")
            {
                _ = Logs.TryRemove(change.Id, out _);
                _ = Programs.TryRemove(change.Id, out _);
                Stops.Forget(change.Id);
            }
        };
        new Thread(Accept, 256 * 1024) { IsBackground = true, Name = "control" }.Start();
        _halted.Wait();
        kernel.ShutDown(_patience, new ShutdownSteps { Stopping = Stops.Begin, Stopped = Stops.End });
        _over = true;
        listener.Dispose();
    }

    /// <summary>Ends the kernel.</summary>
    /// <param name="patience">How long programs may take to end by themselves, all together.</param>
    internal void Halt(TimeSpan patience)
    {
        _patience = patience;
        _halted.Set();
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                AcceptOne();
            }
        }
        catch (Exception failure) when (_over && failure is SocketException or ObjectDisposedException)
        {
            // the listener was closed: nobody is served any more
        }
    }

    private void AcceptOne()
    {
        Socket socket;
        try
        {
            socket = listener.Accept();
        }
        catch (SocketException failure) when (!_over)
        {
            Console.Error.WriteLine($"dragonet: control: {failure.Message}");
            TurnAway();
            return;
        }

        quiet.Note();
        if (Interlocked.Increment(ref _connections) > MostConnections || !clients.Admits(socket))
        {
            _ = Interlocked.Decrement(ref _connections);
            socket.Dispose();
            return;
        }

        new Thread(() => Serve(socket), 256 * 1024) { IsBackground = true, Name = "session" }.Start();
    }

    /// <summary>
    /// Out of descriptors, most likely: the one in reserve accepts the next client and hangs up on it, so that it need not wait for what may
    /// never come. Without it, somebody must first give one back.
    /// </summary>
    private void TurnAway()
    {
        if (_reserve is null)
        {
            _given.WaitOne();
        }
        else
        {
            _reserve.Dispose();
            try
            {
                listener.Accept().Dispose();
            }
            catch (SocketException)
            {
                // somebody was faster; the next round finds out
            }
        }

        _reserve = Reserve();
    }

    private static SafeFileHandle? Reserve()
    {
        try
        {
            return File.OpenHandle("/dev/urandom"); // a file that a confined process may open
        }
        catch (IOException)
        {
            return null;
        }
    }

    private void Serve(Socket socket)
    {
        try
        {
            using var stream = new NetworkStream(socket, ownsSocket: true);
            new ControlSession(this, new FrameChannel(stream)).Run();
        }
        catch (Exception failure) when (failure is IOException or ControlException)
        {
            // The client is gone, or talks nonsense: that is its own trouble.
        }
        finally
        {
            _ = Interlocked.Decrement(ref _connections);
            _ = _given.Set();
        }
    }
}
