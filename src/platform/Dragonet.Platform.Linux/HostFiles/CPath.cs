using System.Text;

namespace Dragonet.Platform.Linux.HostFiles;

/// <summary>Kernel strings (a char per byte) as NUL-terminated bytes on the stack or in an array.</summary>
internal static class CPath
{
    /// <summary>Bytes that fit every single name.</summary>
    internal const int NameSize = 256;

    /// <summary>True for a single component that stays in its directory.</summary>
    internal static bool IsName(string name) => name.Length is > 0 and < NameSize && name is not ("." or "..") && name.AsSpan().IndexOfAny('/', '\0') < 0;

    /// <summary>Fills a buffer of <see cref="NameSize"/> bytes.</summary>
    internal static void Fill(string name, Span<byte> buffer)
    {
        var count = Encoding.Latin1.GetBytes(name, buffer);
        buffer[count] = 0;
    }

    /// <summary>As an array.</summary>
    internal static byte[] Make(string text)
    {
        var bytes = new byte[text.Length + 1];
        _ = Encoding.Latin1.GetBytes(text, bytes);
        return bytes;
    }
}
