using System.Text;
using Dragonet.Net;

namespace Dragonet.Switching;

/// <summary>
/// What a switch and its clients tell each other beside frames: lines of text in a frame that no bridge passes on (802.1D-1998, table 7-10), of the
/// EtherType for local experiments (IEEE 802, section 9.2.4). So a program that knows nothing of it can send frames at once.
/// </summary>
internal static class SwitchMessage
{
    /// <summary>Most bytes of the text.</summary>
    internal const int MaxText = FrameSwitch.MaxFrame - EthernetFrame.HeaderSize - 16;

    private const ushort Type = 0x88b5;
    private static readonly EthernetAddress s_group = new(0x0180_c200_000e);

    private static ReadOnlySpan<byte> Mark => "dragonet switch\n"u8;

    /// <summary>Writes one.</summary>
    internal static byte[] Make(params IEnumerable<string> lines)
    {
        var text = Encoding.UTF8.GetBytes(string.Join('\n', lines.Select(static line => line.ReplaceLineEndings(" "))));
        var frame = new byte[EthernetFrame.HeaderSize + Mark.Length + text.Length];
        EthernetFrame.Write(frame, s_group, default, Type);
        Mark.CopyTo(frame.AsSpan(EthernetFrame.HeaderSize));
        text.CopyTo(frame.AsSpan(EthernetFrame.HeaderSize + Mark.Length));
        return frame;
    }

    /// <summary>The lines of one, at least one; null for another frame.</summary>
    internal static string[]? Parse(ReadOnlySpan<byte> bytes)
        => EthernetFrame.TryParse(bytes, out var frame) && frame.Type == Type && frame.Destination == s_group && frame.Payload.StartsWith(Mark)
            ? Encoding.UTF8.GetString(frame.Payload[Mark.Length..]).Split('\n') : null;
}
