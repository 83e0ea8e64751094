using System.Globalization;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>What the host's scheduler is asked for.</summary>
internal sealed unsafe partial class GuestThread
{
    private const int MaskSize = 128; // 1024 processors
    private readonly Lock _placing = new();
    private bool _attracted;     // guarded by _placing
    private byte[]? _processors; // guarded by _placing: what it gets when it is let go

    /// <summary>
    /// Brings a fresh thread, which sleeps wherever it was made, to the processor of its kernel: the exchanges in which it gets its
    /// program are then switches on one processor, where each would wake an idle one. <see cref="LetGo"/> ends that.
    /// </summary>
    internal void Attract() => Attract(space.Platform.ProcessorMask);

    /// <summary>
    /// The same for one that makes a process and will wait for it. The new one begins on the same processor, so that what follows is no work
    /// for two, of whom each wakes the other. Let go, both stay there until the host finds that another processor has nothing to do.
    /// </summary>
    /// <returns>True if it was; the new process has then to be let go, too.</returns>
    private bool AttractMaker()
    {
        var mask = new byte[MaskSize];
        fixed (byte* pointer = mask)
        {
            // SAFETY: the mask is pinned. EINVAL: a host with more processors.
            return Host.Call(Nr.sched_getaffinity, HostTid, mask.Length, (long)pointer) > 0 && Attract(mask);
        }
    }

    /// <param name="allowed">The processors it may use, and has again when it is let go.</param>
    private bool Attract(byte[] allowed)
    {
        var processor = Thread.GetCurrentProcessorId();
        if (processor >= allowed.Length * 8 || (allowed[processor / 8] >> (processor % 8) & 1) == 0)
        {
            return false;
        }

        Span<byte> mask = stackalloc byte[allowed.Length];
        mask.Clear();
        mask[processor / 8] = (byte)(1 << (processor % 8));
        lock (_placing)
        {
            if (!_attracted)
            {
                _processors = allowed;
                _attracted = true;
                SetHostProcessors(mask);
            }
        }

        return true;
    }

    /// <summary>The host places the thread again.</summary>
    private void LetGo()
    {
        lock (_placing)
        {
            if (_attracted)
            {
                _attracted = false;
                SetHostProcessors(_processors);
            }
        }
    }

    /// <summary>A process that an attracted thread has made is let go.</summary>
    private void LetGoLike(GuestThread maker)
    {
        lock (maker._placing)
        {
            SetHostProcessors(maker._processors);
        }
    }

    /// <inheritdoc/>
    public override void SetProcessors(ReadOnlySpan<byte> mask)
    {
        lock (_placing)
        {
            if (_attracted)
            {
                _processors = mask.ToArray();
            }
            else
            {
                SetHostProcessors(mask);
            }
        }
    }

    private void SetHostProcessors(ReadOnlySpan<byte> mask)
    {
        // The host wants whole words.
        Span<byte> words = stackalloc byte[(mask.Length + 7) / 8 * 8];
        words.Clear();
        mask.CopyTo(words);
        fixed (byte* pointer = words)
        {
            // SAFETY: the mask is pinned for the call. ESRCH: the thread is gone, and with it the question.
            _ = Host.Call(Nr.sched_setaffinity, HostTid, words.Length, (long)pointer);
        }
    }

    /// <inheritdoc/>
    public override void SetNice(int nice)
    {
        // Never better than the kernel process itself, even when that would be allowed. PRIO_PROCESS names one thread (setpriority(2)).
        var own = space.Platform.OwnNice;
        _ = Host.Call(Nr.setpriority, 0, HostTid, Math.Clamp(own + nice, own, 19));
    }

    /// <inheritdoc/>
    public override int Processor
    {
        get
        {
            // proc_pid_stat(5): field 39 of the line; the name in field 2 ends at the last parenthesis, so it is the 37th after that.
            var text = ProcFile.Read(space.Pid, string.Create(CultureInfo.InvariantCulture, $"task/{HostTid}/stat"));
            var fields = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return fields.Length > 36 && int.TryParse(fields[36], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
        }
    }
}
