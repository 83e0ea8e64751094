using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Devices.Tty;

/// <summary>
/// The master of a terminal in the hands of the host: what the user types goes in through <see cref="Feed"/>, what programs print
/// comes out through <see cref="TakeOutput"/>. Called from host threads that hold no kernel lock. Thread-safe.
/// </summary>
public sealed class HostTerminal : IDisposable
{
    private readonly Signal _signal = new();
    private readonly WaitQueue.Entry _entry;
    private int _isDisposed;

    internal HostTerminal(Terminal terminal)
    {
        Terminal = terminal;
        _entry = terminal.MasterQueue.Add(_signal);
    }

    /// <summary>The terminal as programs have it.</summary>
    public Terminal Terminal { get; }

    /// <summary>Set when there may be output, or room for input, or the last program closed the terminal. Reset it before looking.</summary>
    public ManualResetEventSlim Changed => _signal.Event;

    /// <summary>True when programs had the terminal open and none has any more.</summary>
    public bool IsAbandoned => (Terminal.GetMasterEvents() & PollEvents.POLLHUP) != 0;

    /// <summary>What was typed.</summary>
    /// <returns>How many bytes were taken: less than all when programs do not read; wait for <see cref="Changed"/>.</returns>
    public int Feed(ReadOnlySpan<byte> typed)
    {
        var count = Terminal.MasterWrite(typed);
        Terminal.Kernel.Drain();
        return count.IsOk ? count.Value : 0;
    }

    /// <summary>What was printed.</summary>
    /// <returns>How many bytes were copied; 0 when there is nothing.</returns>
    public int TakeOutput(Span<byte> destination)
    {
        var count = Terminal.MasterRead(destination);
        Terminal.Kernel.Drain();
        return count.IsOk ? count.Value : 0;
    }

    /// <summary>The window has another size.</summary>
    public void Resize(int rows, int columns)
    {
        Terminal.Resize(new winsize((ushort)rows, (ushort)columns, 0, 0));
        Terminal.Kernel.Drain();
    }

    /// <summary>A file for the first program's descriptors 0, 1 and 2.</summary>
    public Result<OpenFile> Open() => Terminal.Open(null, null, OpenFlags.O_RDWR | OpenFlags.O_NOCTTY, isUnlocked: true);

    /// <summary>Makes it the controlling terminal of a program, the leader of its session.</summary>
    public Errno Control(Dragonet.Kernel.Task task) => Terminal.Adopt(task, steal: false);

    /// <summary>Another session begins: what is left of the last one loses the terminal (vhangup(2)).</summary>
    public void HangUp()
    {
        Terminal.HangUp();
        Terminal.Kernel.Drain();
    }

    /// <summary>The user went away: programs are hung up.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            Terminal.MasterQueue.Remove(_entry);
            Terminal.CloseMaster();
            Terminal.Kernel.Drain();
            _signal.Event.Set();
        }
    }

    private sealed class Signal : Waiter
    {
        public ManualResetEventSlim Event { get; } = new(false, 0);

        public override bool Fire(WaitQueue.Entry entry, PollEvents events)
        {
            Event.Set();
            return true;
        }
    }
}
