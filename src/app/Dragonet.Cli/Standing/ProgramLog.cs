using System.Text;

namespace Dragonet.Cli.Standing;

/// <summary>The last of what programs printed that run by themselves. Thread-safe.</summary>
internal sealed class ProgramLog
{
    private const int Most = 1 << 20;

    private readonly Lock _lock = new();
    private readonly Queue<byte[]> _parts = [];
    private int _size;

    internal void Add(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            _parts.Enqueue(bytes.ToArray());
            _size += bytes.Length;
            while (_size > Most)
            {
                _size -= _parts.Dequeue().Length;
            }
        }
    }

    internal string Text
    {
        get
        {
            lock (_lock)
            {
                return Encoding.UTF8.GetString([.. _parts.SelectMany(part => part)]);
            }
        }
    }
}
