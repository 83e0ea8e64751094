using System.Text;

namespace Dragonet.Base;

/// <summary>
/// Linux names are bytes. Inside the kernel they are strings with one char per byte (Latin-1), which keeps every byte and makes
/// names good dictionary keys; only the management side converts to and from UTF-8 text.
/// </summary>
public static class ByteString
{
    /// <summary>The bytes of a kernel string.</summary>
    public static byte[] ToBytes(string value) => Encoding.Latin1.GetBytes(value);

    /// <summary>A kernel string of these bytes.</summary>
    public static string FromBytes(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    /// <summary>From human text (UTF-8 in the guest).</summary>
    public static string FromText(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    /// <summary>To human text; bytes that are no UTF-8 become the replacement character.</summary>
    public static string ToText(string value) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(value));
}
