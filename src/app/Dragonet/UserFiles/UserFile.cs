using System.IO;

namespace Dragonet;

/// <summary>A regular file written in C#. <see cref="UserNode"/> says how its methods are called.</summary>
public abstract class UserFile : UserNode
{
    /// <summary>Size in bytes.</summary>
    public abstract long Length { get; }

    /// <summary>Everybody may read it, unless overridden.</summary>
    public override UnixFileMode Permissions => UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Reads from an offset; may read less than is asked for.</summary>
    /// <returns>Bytes read; 0 at the end.</returns>
    public abstract int Read(long offset, Span<byte> destination);

    /// <summary>Writes all of it at an offset, growing the file as needed. EROFS unless overridden.</summary>
    public virtual void Write(long offset, ReadOnlySpan<byte> source) => throw new UserFileException(Abi.Errno.EROFS);

    /// <summary>Cuts or grows the file (truncate(2), and O_TRUNC). EROFS unless overridden.</summary>
    public virtual void SetLength(long length) => throw new UserFileException(Abi.Errno.EROFS);

    /// <summary>fsync(2). Nothing unless overridden.</summary>
    public virtual void Flush()
    {
    }
}
