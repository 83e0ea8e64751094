using System.Text;
using Dragonet;

namespace UserFileSystem;

/// <summary>A text that does not change.</summary>
internal sealed class TextFile(string text) : UserFile
{
    private readonly byte[] _bytes = Encoding.UTF8.GetBytes(text);

    public override long Length => _bytes.Length;

    public override int Read(long offset, Span<byte> destination)
    {
        var rest = _bytes.AsSpan((int)Math.Min(offset, _bytes.Length));
        var count = Math.Min(rest.Length, destination.Length);
        rest[..count].CopyTo(destination);
        return count;
    }
}
