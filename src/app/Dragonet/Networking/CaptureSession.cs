using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Linux.Inet;
using Dragonet.Net;

namespace Dragonet.Networking;

/// <summary>
/// Looks at interfaces and hands on what passes by a thread of its own. Nobody waits for it: what does not fit into its queue is not shown,
/// and counted.
/// </summary>
internal sealed class CaptureSession : IFrameTap, IDisposable
{
    private const long MaxBytes = 64 << 20;

    private readonly Kernel.Kernel _kernel;
    private readonly JailLocal<NetworkStack> _stacks;
    private readonly CaptureOptions _options;
    private readonly Action<ReadOnlyMemory<byte>> _output;
    private readonly BlockingCollection<Seen> _seen = [];
    private readonly List<NetworkStack> _watched = [];
    private readonly long _toRealtime;
    private readonly Jail? _only;
    private volatile bool _isDeaf;
    private long _queued;
    private long _lost;

    internal CaptureSession(Kernel.Kernel kernel, JailLocal<NetworkStack> stacks, CaptureOptions options, Action<ReadOnlyMemory<byte>> output, Jail? only)
    {
        (_kernel, _stacks, _options, _output, _only) = (kernel, stacks, options, output, only);
        _toRealtime = kernel.Clock.RealtimeNanoseconds - kernel.Clock.MonotonicNanoseconds;
        if (only is null && options.Interface is null)
        {
            kernel.Jails.Changed += OnChanged;
        }

        foreach (var jail in only is not null ? [only] : options.Interface is not null ? [kernel.Jails.Root] : kernel.Jails.List().Prepend(kernel.Jails.Root))
        {
            Watch(jail);
        }

        new Thread(Write, 256 * 1024) { IsBackground = true, Name = "capture" }.Start();
    }

    void IFrameTap.OnFrame(Interface link, ReadOnlySpan<byte> bytes, bool isOutgoing, long now)
    {
        if (_options.Interface is { } name && link.Name != name)
        {
            return;
        }

        if (Interlocked.Add(ref _queued, bytes.Length) > MaxBytes || _isDeaf)
        {
            _ = Interlocked.Add(ref _queued, -bytes.Length);
            _ = Interlocked.Increment(ref _lost);
            return;
        }

        _ = _seen.TryAdd(new Seen(link, link.Name, bytes.ToArray(), isOutgoing, now + _toRealtime, link is not EthernetInterface));
    }

    public void Dispose()
    {
        _kernel.Jails.Changed -= OnChanged;
        lock (_watched)
        {
            foreach (var stack in _watched)
            {
                using (stack.Enter())
                {
                    stack.Stack.RemoveTap(this);
                }
            }

            _watched.Clear();
            _seen.CompleteAdding();
        }
    }

    private void OnChanged(Jail jail, JailEvent what)
    {
        if (what == JailEvent.Created)
        {
            Watch(jail);
        }
    }

    private void Watch(Jail jail)
    {
        var stack = jail.Get(_stacks);
        lock (_watched)
        {
            if (_watched.Exists(other => other.Stack == stack.Stack) || _seen.IsAddingCompleted)
            {
                return;
            }

            _watched.RemoveAll(static other => other.HasEnded);
            _watched.Add(stack);
            using (stack.Enter())
            {
                stack.Stack.AddTap(this);
            }
        }
    }

    private void Write()
    {
        var buffer = new ArrayBufferWriter<byte>();
        var file = new PcapngWriter(buffer);
        var numbers = new Dictionary<(Interface, string), int>();
        if (!_options.AsText)
        {
            file.WriteHeader();
            Flush(buffer);
        }

        foreach (var seen in _seen.GetConsumingEnumerable())
        {
            _ = Interlocked.Add(ref _queued, -seen.Bytes.Length);
            if (_options.AsText)
            {
                var lost = Interlocked.Exchange(ref _lost, 0);
                var time = TimeOnly.FromTimeSpan(TimeSpan.FromTicks(seen.Time / 100 % TimeSpan.TicksPerDay)).ToString("HH:mm:ss.ffffff", CultureInfo.InvariantCulture);
                _ = Encoding.UTF8.GetBytes($"{(lost > 0 ? $"… {lost.ToString(CultureInfo.InvariantCulture)} not shown\n" : "")}{time} {NameOf(seen)} {(seen.IsOutgoing ? "Out" : "In ")} {FrameText.Describe(seen.Bytes, seen.IsRaw)}\n", buffer);
            }
            else
            {
                if (!numbers.TryGetValue((seen.Link, seen.Name), out var number))
                {
                    number = file.WriteInterface(NameOf(seen), seen.IsRaw);
                    numbers.Add((seen.Link, seen.Name), number);
                }

                file.WritePacket(number, seen.Time, seen.Bytes, seen.IsOutgoing);
            }

            if (_seen.Count == 0 || buffer.WrittenCount > 1 << 18)
            {
                Flush(buffer);
            }
        }
    }

    private string NameOf(Seen seen)
    {
        if (_options.Interface is not null || _only is not null)
        {
            return seen.Name;
        }

        // Which jail it belongs to: of the stacks that are watched, the one that has it.
        lock (_watched)
        {
            return seen.Link.IsAttached && _watched.Find(stack => stack.Stack == seen.Stack) is { } stack ? $"{stack.Jail.Name}:{seen.Name}" : seen.Name;
        }
    }

    private void Flush(ArrayBufferWriter<byte> buffer)
    {
        try
        {
            _output(buffer.WrittenMemory);
        }
        catch (Exception failure) when (failure is System.IO.IOException or ObjectDisposedException)
        {
            _isDeaf = true; // nobody listens any more
        }

        buffer.ResetWrittenCount();
    }

    private sealed record Seen(Interface Link, string Name, byte[] Bytes, bool IsOutgoing, long Time, bool IsRaw)
    {
        public Stack Stack { get; } = Link.Stack;
    }
}
