using System.Buffers;
using System.Text;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.HostFiles;

/// <summary>Extended attributes: reached through /proc/self/fd of an O_PATH descriptor, so that no link is followed.</summary>
internal sealed unsafe partial class HostDirectory
{
    private const int XattrMax = 65536;

    /// <inheritdoc/>
    public Result<byte[]> GetXattr(string name, string attribute)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(XattrMax);
        var key = CPath.Make(attribute);
        long count = 0;
        var error = WithProcPath(name, path =>
        {
            fixed (byte* file = path)
            fixed (byte* text = key)
            fixed (byte* value = buffer)
            {
                // SAFETY: all are pinned; the size is the buffer's.
                count = Host.Call(Nr.getxattr, (long)file, (long)text, (long)value, XattrMax);
            }

            return Host.ErrnoOf(count);
        });
        Result<byte[]> result = error == Errno.OK ? buffer.AsSpan(0, (int)count).ToArray() : error;
        ArrayPool<byte>.Shared.Return(buffer);
        return result;
    }

    /// <inheritdoc/>
    public Errno SetXattr(string name, string attribute, ReadOnlySpan<byte> value, int flags)
    {
        var key = CPath.Make(attribute);
        var data = value.ToArray();
        return WithProcPath(name, path =>
        {
            fixed (byte* file = path)
            fixed (byte* text = key)
            fixed (byte* bytes = data)
            {
                // SAFETY: all are pinned.
                return Host.ErrnoOf(Host.Call(Nr.setxattr, (long)file, (long)text, (long)bytes, data.Length, flags));
            }
        });
    }

    /// <inheritdoc/>
    public Errno RemoveXattr(string name, string attribute)
    {
        var key = CPath.Make(attribute);
        return WithProcPath(name, path =>
        {
            fixed (byte* file = path)
            fixed (byte* text = key)
            {
                // SAFETY: both are NUL-terminated.
                return Host.ErrnoOf(Host.Call(Nr.removexattr, (long)file, (long)text));
            }
        });
    }

    /// <inheritdoc/>
    public Result<IReadOnlyList<string>> ListXattr(string name)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(XattrMax);
        long count = 0;
        var error = WithProcPath(name, path =>
        {
            fixed (byte* file = path)
            fixed (byte* value = buffer)
            {
                // SAFETY: both are pinned; the size is the buffer's.
                count = Host.Call(Nr.listxattr, (long)file, (long)value, XattrMax);
            }

            return Host.ErrnoOf(count);
        });
        var text = error == Errno.OK ? Encoding.Latin1.GetString(buffer, 0, (int)count) : "";
        ArrayPool<byte>.Shared.Return(buffer);
        return error == Errno.OK ? text.Split('\0', StringSplitOptions.RemoveEmptyEntries) : error;
    }

    private Errno WithProcPath(string name, Func<byte[], Errno> action)
    {
        if (!Open(name, OpenFlags.O_PATH).Ok(out var opened, out var error))
        {
            return error;
        }

        error = action(CPath.Make($"/proc/self/fd/{opened.Number}"));
        opened.Dispose();
        return error;
    }
}
