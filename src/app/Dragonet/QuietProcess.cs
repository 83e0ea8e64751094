using System.Runtime.CompilerServices;
using Dragonet.Kernel;

namespace Dragonet;

/// <summary>
/// Keeps a process that does nothing but carry a kernel from waking the host while nobody asks the kernel for anything. What wakes it else is
/// the runtime's finalizer thread, which looks every ten seconds whether somebody wants a dump of the heap. While the kernel is idle that thread
/// is given a finalizer that waits; the first call of a guest ends the wait, so that objects are finalized as usual while there are any to be.
/// For one kernel, in a process of its own: others in it would wait for their finalizers. Dispose it after the kernel and before the process
/// ends, which waits for the thread. Thread-safe.
/// </summary>
public sealed class QuietProcess : IDisposable
{
    /// <summary>Nothing was asked for so long, or twice as long: the kernel is idle. In milliseconds.</summary>
    private const int Rest = 2500;

    // Not disposed: a finalizer may come to them later than that.
    private readonly ManualResetEvent _gate = new(true); // closed: the finalizer thread waits
    private readonly AutoResetEvent _called = new(false);
    private readonly ManualResetEvent _ends = new(false);
    private readonly Thread _thread;
    private volatile bool _isQuiet; // written by the finalizer thread

    /// <summary>Begins to watch.</summary>
    public QuietProcess()
    {
        Mark = new ActivityMark(() => _called.Set());
        Mark.Set();
        _thread = new Thread(Watch, 128 * 1024) { IsBackground = true, Name = "idle" };
        _thread.Start();
    }

    internal ActivityMark Mark { get; }

    /// <summary>Somebody else than a guest asks the kernel for something.</summary>
    public void Note() => Mark.Set();

    /// <summary>Lets the finalizer thread go on, for good.</summary>
    public void Dispose()
    {
        _ends.Set();
        _thread.Join();
    }

    /// <summary>True while the kernel is idle and the finalizer thread waits.</summary>
    public bool IsQuiet => _isQuiet;

    private void Watch()
    {
        while (!_ends.WaitOne(Rest))
        {
            if (Mark.Take())
            {
                continue;
            }

            _called.Reset();
            if (Mark.IsSet)
            {
                continue; // its event may be the one that was just taken away
            }

            _gate.Reset();
            MakeWaiter();
            GC.Collect(0, GCCollectionMode.Forced, blocking: true);
            _ = WaitHandle.WaitAny([_called, _ends]);
            _gate.Set();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void MakeWaiter() => _ = new Waiter(this);

    private void WaitForCall()
    {
        _isQuiet = true;
        _gate.WaitOne();
        _isQuiet = false;
    }

    /// <summary>Nobody refers to it, so the next collection hands it to the finalizer thread.</summary>
    private sealed class Waiter(QuietProcess process)
    {
        ~Waiter() => process.WaitForCall();
    }
}
