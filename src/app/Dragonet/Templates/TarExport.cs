using System.Formats.Tar;
using System.IO;
using Dragonet.Abi;
using Dragonet.Platform;

namespace Dragonet.Templates;

/// <summary>Writes a template as a tar archive (POSIX pax), with its owners, permissions and hard links.</summary>
internal static class TarExport
{
    internal static void Write(string directory, Stream archive)
    {
        var links = new Dictionary<ulong, string>();
        using var writer = new TarWriter(archive, TarEntryFormat.Pax, leaveOpen: true);
        foreach (var entry in TreeReader.Read(directory))
        {
            var made = Entry(entry, links);
            made.Uid = (int)entry.Owner.Uid;
            made.Gid = (int)entry.Owner.Gid;
            made.ModificationTime = DateTimeOffset.UnixEpoch.AddTicks(entry.Attributes.ModifyTime / 100);
            if (entry.Type != StatMode.S_IFLNK)
            {
                made.Mode = (UnixFileMode)(entry.Owner.Permissions & 0xfff);
            }

            using var content = made.DataStream;
            writer.WriteEntry(made);
        }
    }

    private static PaxTarEntry Entry(in TreeEntry entry, Dictionary<ulong, string> links)
    {
        switch (entry.Type)
        {
            case StatMode.S_IFDIR:
                return new PaxTarEntry(TarEntryType.Directory, entry.Path + "/");
            case StatMode.S_IFLNK:
                return new PaxTarEntry(TarEntryType.SymbolicLink, entry.Path) { LinkName = entry.Target };
            case StatMode.S_IFREG when entry.Attributes.Links > 1 && !links.TryAdd(entry.Attributes.Number, entry.Path):
                return new PaxTarEntry(TarEntryType.HardLink, entry.Path) { LinkName = links[entry.Attributes.Number] };
            case StatMode.S_IFREG:
                return entry.Parent.OpenFile(entry.Name, HostOpenMode.Read).Ok(out var file, out var error)
                    ? new PaxTarEntry(TarEntryType.RegularFile, entry.Path) { DataStream = new HostFileStream(file, entry.Attributes.Size) }
                    : throw new TemplateException($"{entry.Path}: {error}");
            default:
                return new PaxTarEntry(TarEntryType.Fifo, entry.Path);
        }
    }
}
