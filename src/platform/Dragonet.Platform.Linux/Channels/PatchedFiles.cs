using System.Buffers;
using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Guests;
using Dragonet.Platform.Linux.HostFiles;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Channels;

/// <summary>
/// Programs and libraries of the host whose code was patched: one sealed copy of the executable pages for each file, mapped by all
/// guests in place of the file's own. Nothing else of the file is in the copy, so it serves only private executable mappings. Thread-safe.
/// </summary>
internal sealed class PatchedFiles : IDisposable
{
    private const int MostCode = 16 << 20;
    private const int MostFiles = 256;

    private readonly CodePatcher _patcher;
    private readonly Lock _lock = new();
    private readonly Dictionary<(ulong Device, ulong Inode, long Size, long Modified, long Changed), PatchedFile?> _files = []; // guarded by _lock
    private bool _disposed; // guarded by _lock

    internal PatchedFiles(ulong entry) => _patcher = new CodePatcher(entry);

    /// <summary>Does ahead what the first program would wait for.</summary>
    internal static void Prepare() => EarlyNumber.Prepare();

    /// <summary>The patched copy for a mapping of this range; null when the file itself must be mapped.</summary>
    internal PatchedFile? Find(IHostMappable mappable, long offset, ulong length)
    {
        // Files of the guest itself change too easily.
        if (mappable is not HostFile file || file.GetAttributes(out var attributes) != Errno.OK || attributes.Size > int.MaxValue)
        {
            return null;
        }

        var (device, inode) = file.GetFd(false).Identity;
        var key = (device, inode, attributes.Size, attributes.ModifyTime, attributes.ChangeTime);
        lock (_lock)
        {
            if (!_files.TryGetValue(key, out var patched) && !_disposed && _files.Count < MostFiles)
            {
                patched = Make(file, (int)attributes.Size);
                _files.Add(key, patched);
            }

            return patched is not null && patched.Covers(offset, length) ? patched : null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (var file in _files.Values)
            {
                file?.Dispose();
            }

            _files.Clear();
        }
    }

    /// <summary>Reads the executable segments (elf(5)) and patches them; null when there is nothing to patch.</summary>
    private PatchedFile? Make(HostFile file, int size)
    {
        Span<byte> header = stackalloc byte[64];
        ReadOnlySpan<byte> magic = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1];
        if (file.ReadAt(0, header) != header.Length || !header.StartsWith(magic) || BinaryPrimitives.ReadUInt16LittleEndian(header[18..]) != 62)
        {
            return null;
        }

        var count = Math.Min((int)BinaryPrimitives.ReadUInt16LittleEndian(header[56..]), 64);
        Span<byte> entries = stackalloc byte[count * 56];
        var at = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
        if (BinaryPrimitives.ReadUInt16LittleEndian(header[54..]) != 56 || at > (ulong)size || file.ReadAt((long)at, entries) != entries.Length)
        {
            return null;
        }

        PatchedFile? result = null;
        for (var i = 0; i < count; i++)
        {
            var entry = entries.Slice(i * 56, 56);
            var offset = BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]);
            var length = BinaryPrimitives.ReadUInt64LittleEndian(entry[32..]);
            var isCode = BinaryPrimitives.ReadUInt32LittleEndian(entry) == 1 && (BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]) & 3) == 1; // PT_LOAD, PF_X without PF_W
            if (isCode && length is > 0 and <= MostCode && offset <= (ulong)size && length <= (ulong)size - offset)
            {
                AddSegment(file, (int)offset, (int)length, ref result);
            }
        }

        return result?.Seal() == false ? null : result;
    }

    private void AddSegment(HostFile file, int offset, int length, ref PatchedFile? result)
    {
        var first = offset & ~0xfff;
        var pages = ((offset + length + 0xfff) & ~0xfff) - first;
        var buffer = ArrayPool<byte>.Shared.Rent(pages);
        var image = buffer.AsSpan(0, pages);
        image.Clear();
        var read = 0;
        while (read < pages)
        {
            var part = file.ReadAt(first + read, image[read..]);
            if (part <= 0)
            {
                break;
            }

            read += part;
        }

        var end = offset + length - first;
        if (read >= end && _patcher.Patch(image, offset - first, end) > 0 && (result ??= PatchedFile.Create()) is { } target)
        {
            target.Add(first, image);
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }
}
