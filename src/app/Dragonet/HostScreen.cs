using Dragonet.Platform.Linux.HostStreams;

namespace Dragonet;

/// <summary>The terminal on one of our descriptors: its size, and raw mode while somebody else's program has it.</summary>
public sealed class HostScreen : IDisposable
{
    private readonly HostTty _tty;

    private HostScreen(HostTty tty) => _tty = tty;

    /// <summary>The terminal on a descriptor; null when there is none.</summary>
    public static HostScreen? Open(int descriptor) => HostTty.Open(descriptor) is { } tty ? new HostScreen(tty) : null;

    /// <summary>Rows and columns.</summary>
    public (int Rows, int Columns) Size => _tty.Size;

    /// <summary>Every key goes to the program.</summary>
    public void MakeRaw() => _tty.MakeRaw();

    /// <summary>As it was.</summary>
    public void Dispose() => _tty.Dispose();
}
