using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.IO;
using Dragonet.Consoles;
using Dragonet.Control;

namespace Dragonet.Cli.Standing;

/// <summary>One client at a console: it sees what is printed, types, and goes. The session on the console stays.</summary>
internal sealed class ConsoleSession(FrameChannel frames, GuestConsole console)
{
    /// <summary>Says in the answer that keys are welcome.</summary>
    internal const string Terminal = "terminal";

    private const int MostWaiting = 1024;

    /// <summary>How long the console waits for somebody whose line is slow, before it goes on without them.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly BlockingCollection<ReadOnlyMemory<byte>> _screen = new(MostWaiting);

    internal void Run()
    {
        frames.Write(FrameKind.Reply, new ControlReply { Values = new() { [Terminal] = "true" } }, ControlJson.Default.ControlReply);
        using var view = console.View(Add);
        using var ended = console.Ended.Register(End);
        var sender = new Thread(Send, 256 * 1024) { IsBackground = true, Name = "screen" };
        sender.Start();
        try
        {
            while (frames.Read() is { } frame && Take(frame))
            {
                // on to the next
            }
        }
        finally
        {
            view.Dispose();
            End();
            sender.Join();
        }
    }

    private void Add(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            if (!_screen.TryAdd(bytes, s_patience))
            {
                End(); // it does not look
            }
        }
        catch (InvalidOperationException)
        {
            // It has gone.
        }
    }

    private void End() => _screen.CompleteAdding();

    private void Send()
    {
        try
        {
            foreach (var bytes in _screen.GetConsumingEnumerable())
            {
                frames.Write(FrameKind.Output, bytes.Span);
            }

            frames.Write(FrameKind.Exit, [0, 0, 0, 0]);
        }
        catch (IOException)
        {
            // The client has hung up: Run sees that, too.
        }
    }

    /// <summary>False when the client leaves.</summary>
    private bool Take(Frame frame)
    {
        var bytes = frame.Bytes.Span;
        switch (frame.Kind)
        {
            case FrameKind.Input:
                var stays = !bytes.IsEmpty;
                while (!bytes.IsEmpty && console.Feed(bytes) is > 0 and var taken)
                {
                    bytes = bytes[taken..];
                }

                return stays;
            case FrameKind.Resize when bytes.Length == 4:
                console.Resize(BinaryPrimitives.ReadUInt16LittleEndian(bytes), BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]));
                return true;
            default:
                throw new ControlException("a frame that does not belong here");
        }
    }
}
