using System.Globalization;
using System.Text;

namespace Dragonet.Kernel;

/// <summary>The kernel's log (syslog(2), dmesg(1)): the last <see cref="Size"/> bytes of lines, each with level, time and text. Thread-safe.</summary>
public sealed class KernelLog(IKernelClock clock)
{
    /// <summary>Bytes that are kept.</summary>
    public const int Size = 64 * 1024;

    private readonly Lock _lock = new();
    private readonly Queue<string> _lines = new(); // guarded by _lock
    private readonly long _start = clock.MonotonicNanoseconds;
    private int _length;                           // guarded by _lock

    /// <summary>Told about every line, without level and time, with no lock held.</summary>
    public event Action<string>? Written;

    /// <summary>Adds a line.</summary>
    /// <param name="level">0 (emergency) to 7 (debug).</param>
    /// <param name="text">Without an end of line.</param>
    public void Write(int level, string text)
    {
        var time = (clock.MonotonicNanoseconds - _start) / 1000;
        var line = string.Create(CultureInfo.InvariantCulture, $"<{level}>[{time / 1_000_000,5}.{time % 1_000_000:d6}] {text}\n");
        lock (_lock)
        {
            _lines.Enqueue(line);
            _length += line.Length;
            while (_length > Size)
            {
                _length -= _lines.Dequeue().Length;
            }
        }

        Written?.Invoke(text);
    }

    /// <summary>All that is there, oldest first.</summary>
    public byte[] Read()
    {
        lock (_lock)
        {
            return Encoding.Latin1.GetBytes(string.Concat(_lines));
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _lines.Clear();
            _length = 0;
        }
    }
}
