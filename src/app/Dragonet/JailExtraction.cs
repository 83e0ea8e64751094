using System.Formats.Tar;
using System.IO;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet;

/// <summary>Puts the files of a tar archive into a jail, as its root would: paths are walked with the jail's root, so they end in the jail.</summary>
internal sealed class JailExtraction(Kernel.Kernel kernel, KernelCaller caller, Jail jail)
{
    private readonly byte[] _buffer = new byte[128 * 1024];

    /// <param name="path">A directory, into which the files go; else the name that the archive's first file gets.</param>
    /// <param name="archive">The archive.</param>
    internal void Read(string path, Stream archive)
    {
        var root = jail.Mounts.Root;
        var renamed = "";
        if (!Find(root, path).Ok(out var place, out var error) && error is Errno.ENOENT or Errno.ENOTDIR)
        {
            renamed = Path.GetFileName(path.TrimEnd('/'));
            _ = Find(root, Path.GetDirectoryName(path.TrimEnd('/')) ?? "/").Ok(out place, out error);
        }

        if (error != Errno.OK || place is null)
        {
            throw new DragonetException($"{path}: {(error == Errno.ENOENT ? "there is no such directory in the jail" : error)}");
        }

        try
        {
            using var reader = new TarReader(archive, leaveOpen: true);
            while (reader.GetNextEntry() is { } entry)
            {
                Take(entry, new WalkContext(caller, root, place), Name(entry.Name, renamed));
            }
        }
        catch (Exception failure) when (failure is InvalidDataException or EndOfStreamException or FormatException or NotSupportedException or ArgumentException)
        {
            throw new DragonetException($"what was sent is no tar archive: {failure.Message}", failure);
        }
        finally
        {
            kernel.Drain();
        }
    }

    private Result<VfsPath> Find(VfsPath root, string path)
        => kernel.Vfs.Lookup(new WalkContext(caller, root, root), ByteString.FromText(path.Length == 0 ? "/" : path), WalkFlags.Follow | WalkFlags.Directory);

    private static string Name(string name, string renamed)
    {
        var parts = name.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToList();
        if (parts.Count == 0 || parts.Contains(".."))
        {
            throw new DragonetException($"\"{name}\": no name of a file in an archive");
        }

        return ByteString.FromText(string.Join('/', renamed.Length > 0 ? [renamed, .. parts[1..]] : parts));
    }

    private void Take(TarEntry entry, in WalkContext context, string name)
    {
        var mode = (uint)entry.Mode & 0xfff;
        var error = entry.EntryType switch
        {
            TarEntryType.Directory => kernel.Vfs.MakeDirectory(context, name, mode) is var made && made == Errno.EEXIST ? Errno.OK : made,
            TarEntryType.RegularFile or TarEntryType.V7RegularFile => Write(entry, context, name, mode),
            TarEntryType.SymbolicLink => Unlink(context, name) is var unlinked && unlinked == Errno.OK ? kernel.Vfs.MakeSymbolicLink(context, name, ByteString.FromText(entry.LinkName)) : unlinked,
            _ => Errno.EOPNOTSUPP,
        };
        if (error != Errno.OK)
        {
            throw new DragonetException($"{entry.Name}: {error}");
        }

        if (entry.EntryType != TarEntryType.SymbolicLink && kernel.Vfs.Lookup(context, name, WalkFlags.None).Ok(out var place, out _))
        {
            _ = kernel.Vfs.ChangeMode(caller, place, mode);
        }
    }

    private Errno Unlink(in WalkContext context, string name) => kernel.Vfs.Unlink(context, name, directory: false) is var error && error == Errno.ENOENT ? Errno.OK : error;

    private Errno Write(TarEntry entry, in WalkContext context, string name, uint mode)
    {
        if (Unlink(context, name) is not Errno.OK and var busy)
        {
            return busy;
        }

        if (!kernel.Vfs.Open(context, name, new OpenRequest(OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL, mode)).Ok(out var file, out var error))
        {
            return error;
        }

        try
        {
            for (int count; entry.DataStream is { } data && (count = data.Read(_buffer)) > 0;)
            {
                for (var done = 0; done < count;)
                {
                    if (!file.Write(caller, _buffer.AsSpan(done, count - done)).Ok(out var wrote, out error))
                    {
                        return error;
                    }

                    done += wrote;
                }
            }

            return Errno.OK;
        }
        finally
        {
            file.Release();
        }
    }
}
