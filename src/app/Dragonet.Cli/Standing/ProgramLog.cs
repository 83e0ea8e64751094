using System.Text;

namespace Dragonet.Cli.Standing;

/// <summary>The last of what programs printed that run by themselves. Thread-safe.</summary>
internal sealed class ProgramLog
{
    private const int Most = 1 << 20;

    private readonly Lock _lock = new();
    private readonly Queue<byte[]> _parts = [];
    private Action<string>? _followers; // guarded by _lock
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

            _followers?.Invoke(Encoding.UTF8.GetString(bytes));
        }
    }

    /// <summary>Gives what is there, and from then on what comes: each once, in order.</summary>
    /// <param name="follower">Quick, and it calls nothing of this.</param>
    internal void Follow(Action<string> follower)
    {
        lock (_lock)
        {
            follower(Encoding.UTF8.GetString([.. _parts.SelectMany(part => part)]));
            _followers += follower;
        }
    }

    internal void Unfollow(Action<string> follower)
    {
        lock (_lock)
        {
            _followers -= follower;
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
