using System.Globalization;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>What the host's scheduler is asked for.</summary>
internal sealed unsafe partial class GuestThread
{
    private byte[]? _processors; // to be set when it is let go
    private bool _attracted;

    /// <summary>
    /// Brings a fresh thread, which sleeps wherever it was made, to the processor of its kernel: the exchanges in which it gets its
    /// program are then switches on one processor, where each would wake an idle one. <see cref="LetGo"/> ends that.
    /// </summary>
    internal void Attract()
    {
        var processor = Thread.GetCurrentProcessorId();
        if (processor < 1024)
        {
            Span<byte> mask = stackalloc byte[128];
            mask.Clear();
            mask[processor / 8] = (byte)(1 << (processor % 8));
            SetHostProcessors(mask);
            _attracted = true;
        }
    }

    /// <summary>The host places the thread again.</summary>
    private void LetGo()
    {
        if (_attracted)
        {
            _attracted = false;
            SetHostProcessors(_processors ?? space.Platform.ProcessorMask);
        }
    }

    /// <inheritdoc/>
    public override void SetProcessors(ReadOnlySpan<byte> mask)
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
