using System.IO;
using System.Threading.Tasks;
using Dragonet.Abi;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet;

/// <summary>A program started from outside. Thread-safe.</summary>
public sealed class GuestProcess : IDisposable
{
    private readonly Kernel.Kernel _kernel;
    private readonly TaskCompletionSource<ExitStatus> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PipeStream?[] _pipes = new PipeStream?[3];
    private Process _process = null!;
    private KernelTimer? _timeout;

    internal GuestProcess(Kernel.Kernel kernel) => _kernel = kernel;

    /// <summary>Its number in the guest.</summary>
    public int Id => _process.Pid;

    /// <summary>The writing end of its standard input, when that is a pipe.</summary>
    public Stream StandardInput => Pipe(0);

    /// <summary>The reading end of its standard output, when that is a pipe.</summary>
    public Stream StandardOutput => Pipe(1);

    /// <summary>The reading end of its standard error, when that is a pipe.</summary>
    public Stream StandardError => Pipe(2);

    /// <summary>True when it was killed because its time was over.</summary>
    public bool TimedOut { get; private set; }

    /// <summary>Completes when the program has ended.</summary>
    public Task<ExitStatus> WaitAsync(CancellationToken cancellation = default) => _ended.Task.WaitAsync(cancellation);

    /// <summary>Waits until the program has ended.</summary>
    public ExitStatus Wait() => _ended.Task.GetAwaiter().GetResult();

    /// <summary>From now on its standard output and error, where they are pipes, end where nothing is left to read: for those who read what a
    /// program printed to its end, but do not wait for programs it left behind that have the streams open, too. Does not wait.</summary>
    public void EndOutputWhenEmpty()
    {
        _pipes[1]?.EndWhenEmpty();
        _pipes[2]?.EndWhenEmpty();
    }

    /// <summary>Sends a signal by its Linux number.</summary>
    public void Signal(int signal)
    {
        _ = _process.Send(new SigInfo { Signal = signal });
        _kernel.Drain();
    }

    /// <summary>Sends a signal to its whole process group.</summary>
    public void SignalGroup(int signal)
    {
        _ = _kernel.SendGroup(_process.Group, new SigInfo { Signal = signal });
        _kernel.Drain();
    }

    /// <summary>Kills it, if it still runs, and closes its streams.</summary>
    public void Dispose()
    {
        _process.Terminate(Sig.KILL);
        _kernel.Drain();
        foreach (var pipe in _pipes)
        {
            pipe?.Dispose();
        }
    }

    /// <summary>Raised when a job-control signal stopped the program.</summary>
    public event Action? Stopped;

    internal void Attach(Process process, TimeSpan? timeout)
    {
        _process = process;
        _kernel.ProcessEnded += OnEnded;
        _kernel.ProcessStopped += OnStopped;
        if (timeout is { } limit)
        {
            _timeout = _kernel.Timers.Add(_kernel.Clock.MonotonicNanoseconds + (long)limit.TotalNanoseconds, () =>
            {
                TimedOut = true;
                process.Terminate(Sig.KILL);
            });
        }
    }

    internal OpenFile MakePipe(int fd, OpenFlags flags)
    {
        var (reader, writer) = PipeFile.CreatePair(OpenFlags.O_RDONLY, _kernel.NextAnonymousInode(), _kernel.Clock.RealtimeNanoseconds, _kernel.Buffers);
        _pipes[fd] = new PipeStream(_kernel, fd == 0 ? writer : reader);
        return flags == OpenFlags.O_RDONLY ? reader : writer;
    }

    /// <summary>Nobody is at our end of this stream.</summary>
    internal void ClosePipe(int fd)
    {
        _pipes[fd]?.Dispose();
        _pipes[fd] = null;
    }

    private void OnEnded(Process process)
    {
        if (process == _process)
        {
            _kernel.ProcessEnded -= OnEnded;
            _kernel.ProcessStopped -= OnStopped;
            _timeout?.Cancel();
            _ = _ended.TrySetResult(ExitStatus.FromWaitStatus(process.ExitStatus));
        }
    }

    private void OnStopped(Process process)
    {
        if (process == _process && Stopped is { } handler)
        {
            // Not on the kernel's thread: stopping ourselves takes as long as the user likes.
            new Thread(() => handler(), 256 * 1024) { IsBackground = true, Name = "stopped" }.Start();
        }
    }

    private PipeStream Pipe(int fd) => _pipes[fd] ?? throw new InvalidOperationException("this stream of the program is not a pipe");
}
