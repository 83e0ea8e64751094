using Dragonet.Devices.Tty;

namespace Dragonet;

/// <summary>A terminal of the guest with its keyboard and screen in our hands. Thread-safe.</summary>
public sealed class GuestTerminal : IDisposable
{
    internal GuestTerminal(HostTerminal terminal) => Terminal = terminal;

    /// <summary>Set when there may be output, or room for input, or nobody uses the terminal any more. Reset it before looking.</summary>
    public ManualResetEventSlim Changed => Terminal.Changed;

    internal HostTerminal Terminal { get; }

    /// <summary>Types.</summary>
    /// <returns>How many bytes were taken; the rest waits for <see cref="Changed"/>.</returns>
    public int Feed(ReadOnlySpan<byte> typed) => Terminal.Feed(typed);

    /// <summary>Takes what programs printed.</summary>
    /// <returns>Bytes copied; 0 when there is nothing.</returns>
    public int TakeOutput(Span<byte> destination) => Terminal.TakeOutput(destination);

    /// <summary>The window has another size.</summary>
    public void Resize(int rows, int columns) => Terminal.Resize(rows, columns);

    /// <summary>Hangs up.</summary>
    public void Dispose() => Terminal.Dispose();
}
