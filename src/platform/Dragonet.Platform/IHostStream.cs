using Dragonet.Abi;

namespace Dragonet.Platform;

/// <summary>A descriptor that the host's user gave us: standard input, output, error. Never blocks the caller. Thread-safe.</summary>
public interface IHostStream : IDisposable
{
    /// <summary>S_IFMT bits of the host file (fstat(2)).</summary>
    uint Type { get; }

    /// <summary>Size of a regular file at this moment.</summary>
    long Size { get; }

    /// <summary>Reads what is there.</summary>
    /// <returns>Bytes, 0 at the end, or a negative errno; -EAGAIN when nothing is there yet.</returns>
    int Read(Span<byte> destination);

    /// <summary>Writes what fits without blocking.</summary>
    /// <returns>Bytes, or a negative errno; -EAGAIN when there is no room.</returns>
    int Write(ReadOnlySpan<byte> source);

    /// <summary>What is possible now.</summary>
    PollEvents Ready();

    /// <summary>Calls back once, on a thread of the platform, when any of the events may be possible.</summary>
    void Arm(PollEvents interest, Action callback);
}
