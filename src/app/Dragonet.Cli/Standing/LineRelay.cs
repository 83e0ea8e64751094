using System.Collections.Concurrent;
using System.IO;
using System.Text;
using Dragonet.Control;

namespace Dragonet.Cli.Standing;

/// <summary>Tells one client lines, until it hangs up. A client that does not listen loses lines, and nobody waits for it.</summary>
internal sealed class LineRelay(FrameChannel frames)
{
    private const int MostWaiting = 16384;

    private readonly BlockingCollection<string> _lines = new(MostWaiting);

    /// <summary>Adds a line; from any thread, at once.</summary>
    internal void Add(string line)
    {
        lock (_lines)
        {
            _ = !_lines.IsAddingCompleted && _lines.TryAdd(line);
        }
    }

    /// <summary>Relays until the client hangs up.</summary>
    /// <param name="begin">Starts whatever adds lines; disposed at the end.</param>
    internal void Run(Func<IDisposable> begin)
    {
        frames.Write(FrameKind.Reply, new ControlReply(), ControlJson.Default.ControlReply);
        using var source = begin();
        var sender = new Thread(Send, 256 * 1024) { IsBackground = true, Name = "lines" };
        sender.Start();
        try
        {
            while (frames.Read() is not null)
            {
                // It has nothing to say: the end of the stream is what counts.
            }
        }
        finally
        {
            source.Dispose();
            lock (_lines)
            {
                _lines.CompleteAdding();
            }
        }
    }

    private void Send()
    {
        try
        {
            foreach (var line in _lines.GetConsumingEnumerable())
            {
                frames.Write(FrameKind.Output, Encoding.UTF8.GetBytes(line));
            }
        }
        catch (IOException)
        {
            // The client has hung up: Run sees that, too.
        }
    }
}
