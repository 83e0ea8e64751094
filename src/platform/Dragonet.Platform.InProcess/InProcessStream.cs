using Dragonet.Abi;

namespace Dragonet.Platform.InProcess;

/// <summary>A descriptor of the host as a test plays it: what it feeds can be read, what guests write it can take. Thread-safe.</summary>
public sealed class InProcessStream : IHostStream
{
    private readonly Lock _lock = new();
    private readonly Queue<byte> _input = new(); // guarded by _lock, like the rest
    private readonly List<byte> _output = [];
    private bool _ended;
    private (PollEvents Interest, Action Callback)? _armed;

    /// <summary>A FIFO (S_IFIFO).</summary>
    public uint Type => StatMode.S_IFIFO;

    /// <inheritdoc/>
    public long Size => 0;

    /// <summary>Gives guests something to read.</summary>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        Action? callback;
        lock (_lock)
        {
            foreach (var value in bytes)
            {
                _input.Enqueue(value);
            }

            callback = TakeCallbackLocked();
        }

        callback?.Invoke();
    }

    /// <summary>The end of the input.</summary>
    public void End()
    {
        Action? callback;
        lock (_lock)
        {
            _ended = true;
            callback = TakeCallbackLocked();
        }

        callback?.Invoke();
    }

    /// <summary>Takes what guests have written.</summary>
    public byte[] Take()
    {
        lock (_lock)
        {
            var taken = _output.ToArray();
            _output.Clear();
            return taken;
        }
    }

    /// <inheritdoc/>
    public int Read(Span<byte> destination)
    {
        lock (_lock)
        {
            var count = 0;
            while (count < destination.Length && _input.TryDequeue(out var value))
            {
                destination[count++] = value;
            }

            return count > 0 || _ended || destination.IsEmpty ? count : -(int)Errno.EAGAIN;
        }
    }

    /// <inheritdoc/>
    public int Write(ReadOnlySpan<byte> source)
    {
        lock (_lock)
        {
            _output.AddRange(source);
            return source.Length;
        }
    }

    /// <inheritdoc/>
    public PollEvents Ready()
    {
        lock (_lock)
        {
            return ReadyLocked();
        }
    }

    /// <inheritdoc/>
    public void Arm(PollEvents interest, Action callback)
    {
        Action? now;
        lock (_lock)
        {
            _armed = (interest, callback);
            now = TakeCallbackLocked();
        }

        now?.Invoke();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // The descriptor is the test's.
    }

    private PollEvents ReadyLocked() => PollEvents.POLLOUT | (_input.Count > 0 ? PollEvents.POLLIN : 0) | (_ended ? PollEvents.POLLIN | PollEvents.POLLHUP : 0);

    private Action? TakeCallbackLocked()
    {
        if (_armed is not { } armed || (ReadyLocked() & armed.Interest) == 0)
        {
            return null;
        }

        _armed = null;
        return armed.Callback;
    }
}
