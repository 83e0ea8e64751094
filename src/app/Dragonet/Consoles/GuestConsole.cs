using Dragonet.Devices.Tty;

namespace Dragonet.Consoles;

/// <summary>
/// A jail's console: a terminal that is there as long as the jail's parameter `console` says what runs on it. Whoever looks sees what is printed
/// and types; when nobody does, the session stays. Thread-safe.
/// </summary>
public sealed class GuestConsole
{
    /// <summary>What somebody who comes sees of what was printed before: a screenful.</summary>
    private const int MostKept = 4096;

    private readonly Lock _lock = new();
    private readonly GuestTerminal _terminal;
    private readonly Queue<byte> _kept = []; // guarded by _lock
    private readonly CancellationTokenSource _ended = new();
    private Action<ReadOnlyMemory<byte>>? _screens; // guarded by _lock

    internal GuestConsole(GuestTerminal terminal)
    {
        _terminal = terminal;
        new Thread(Pump, 256 * 1024) { IsBackground = true, Name = "console" }.Start();
    }

    /// <summary>Cancelled when the console is gone: with its jail, or because the parameter was changed.</summary>
    public CancellationToken Ended => _ended.Token;

    internal HostTerminal Terminal => _terminal.Terminal;

    internal GuestStream Stream => GuestStream.Terminal(_terminal);

    /// <summary>Shows the end of what this session has printed, and from then on what is printed, until the result is disposed.</summary>
    /// <param name="screen">Takes it, in order; the console waits for it, so it must be quick and call nothing of this.</param>
    public IDisposable View(Action<ReadOnlyMemory<byte>> screen)
    {
        ArgumentNullException.ThrowIfNull(screen);
        lock (_lock)
        {
            if (_kept.Count > 0)
            {
                screen(_kept.ToArray());
            }

            _screens += screen;
        }

        return new Looking(this, screen);
    }

    /// <summary>Types.</summary>
    /// <returns>How many bytes were taken: less than all when nobody reads, as on any terminal.</returns>
    public int Feed(ReadOnlySpan<byte> typed) => _terminal.Feed(typed);

    /// <summary>The window of who looks has another size.</summary>
    public void Resize(int rows, int columns) => _terminal.Resize(rows, columns);

    /// <summary>Prints a line of ours.</summary>
    internal void Say(string line) => Print(System.Text.Encoding.UTF8.GetBytes($"dragonet: {line}\r\n"));

    /// <summary>Another session begins: what is left of the last one loses the terminal (vhangup(2)), and nobody sees what it printed.</summary>
    internal void BeginSession()
    {
        _terminal.Terminal.HangUp();
        lock (_lock)
        {
            _kept.Clear();
        }
    }

    internal void End()
    {
        _ended.Cancel();
        _terminal.Dispose();
    }

    private void Pump()
    {
        var buffer = new byte[16384];
        while (!_ended.IsCancellationRequested)
        {
            _terminal.Changed.Reset();
            var count = _terminal.TakeOutput(buffer);
            if (count > 0)
            {
                Print(buffer.AsSpan(0, count).ToArray());
            }
            else if (!_ended.IsCancellationRequested)
            {
                _terminal.Changed.Wait();
            }
        }
    }

    private void Print(byte[] bytes)
    {
        lock (_lock)
        {
            foreach (var each in bytes)
            {
                _kept.Enqueue(each);
            }

            while (_kept.Count > MostKept)
            {
                _ = _kept.Dequeue();
            }

            _screens?.Invoke(bytes);
        }
    }

    private sealed class Looking(GuestConsole console, Action<ReadOnlyMemory<byte>> screen) : IDisposable
    {
        public void Dispose()
        {
            lock (console._lock)
            {
                console._screens -= screen;
            }
        }
    }
}
