using System.Buffers.Binary;
using System.Text;
using Dragonet.Vfs;

namespace Dragonet.Linux;

/// <summary>Lays directory entries out as getdents(2) or getdents64(2) returns them.</summary>
internal sealed class DirentSink(byte[] buffer, int limit, bool is64) : IDirectorySink
{
    /// <summary>Bytes filled.</summary>
    public int Length { get; private set; }

    /// <summary>An entry was offered that did not fit.</summary>
    public bool IsFull { get; private set; }

    /// <inheritdoc/>
    public bool Add(string name, ulong inode, long next, byte type)
    {
        // d_ino, d_off, d_reclen, then d_type before the name (64) or in the last byte (old).
        var size = (is64 ? 19 + name.Length + 1 : 18 + name.Length + 2) + 7 & ~7;
        if (Length + size > limit)
        {
            IsFull = true;
            return false;
        }

        var entry = buffer.AsSpan(Length, size);
        entry.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(entry, inode);
        BinaryPrimitives.WriteInt64LittleEndian(entry[8..], next);
        BinaryPrimitives.WriteUInt16LittleEndian(entry[16..], (ushort)size);
        if (is64)
        {
            entry[18] = type;
            _ = Encoding.Latin1.GetBytes(name, entry[19..]);
        }
        else
        {
            _ = Encoding.Latin1.GetBytes(name, entry[18..]);
            entry[^1] = type;
        }

        Length += size;
        return true;
    }
}
