using System.IO;
using Dragonet.Control;
using Dragonet.Networking;

namespace Dragonet.Cli.Standing;

/// <summary>Shows one client what passes a network, until it hangs up.</summary>
internal sealed class CaptureRelay(DragonetKernel kernel, FrameChannel frames, ControlRequest request)
{
    private const int Piece = 1 << 16;

    internal void Run()
    {
        var settings = request.Settings ?? [];
        var options = new CaptureOptions
        {
            Jail = request.Jail,
            Interface = settings.FirstOrDefault(static setting => setting.Name == "interface")?.Value,
            AsText = settings.Exists(static setting => setting.Name == "text"),
        };
        using var capture = kernel.Networks.Capture(options, Send);
        frames.Write(FrameKind.Reply, new ControlReply(), ControlJson.Default.ControlReply);
        while (frames.Read() is not null)
        {
            // It has nothing to say: the end of the stream is what counts.
        }
    }

    private void Send(ReadOnlyMemory<byte> bytes)
    {
        for (var at = 0; at < bytes.Length; at += Piece)
        {
            frames.Write(FrameKind.Output, bytes.Span.Slice(at, Math.Min(Piece, bytes.Length - at)));
        }
    }
}
