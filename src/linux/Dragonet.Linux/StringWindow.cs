using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;

namespace Dragonet.Linux;

/// <summary>Reads many strings of a guest. Mostly they stand one behind the other: what follows a string comes along with it, for the next.
/// Each byte is copied once and then used.</summary>
internal ref struct StringWindow(IUserMemory memory, Span<byte> window)
{
    private readonly Span<byte> _window = window;
    private ulong _start;
    private int _count;

    /// <summary>As <see cref="UserMemoryExtensions.ReadString"/>.</summary>
    internal Result<string> ReadString(ulong address, int limit, Errno tooLong)
    {
        if (TryFind(address, out var text))
        {
            return text;
        }

        _start = address;
        _count = memory.ReadSome(address, _window);
        return TryFind(address, out text) ? text : memory.ReadString(address, limit, tooLong);
    }

    private readonly bool TryFind(ulong address, out string text)
    {
        text = "";
        var offset = address - _start;
        if (address < _start || offset >= (ulong)_count)
        {
            return false;
        }

        var rest = _window[(int)offset.._count];
        var end = rest.IndexOf((byte)0);
        if (end < 0)
        {
            return false;
        }

        text = ByteString.FromBytes(rest[..end]);
        return true;
    }
}
