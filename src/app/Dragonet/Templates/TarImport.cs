using System.Formats.Tar;
using System.IO;

namespace Dragonet.Templates;

/// <summary>Puts the entries of a tar archive into a tree. Devices are left out: a jail has its own /dev, and no others.</summary>
internal static class TarImport
{
    private const string Whiteout = ".wh.", Opaque = ".wh..wh..opq";

    /// <param name="archive">The archive, not compressed.</param>
    /// <param name="tree">Where it goes.</param>
    /// <param name="isLayer">Names that begin with ".wh." hide names of the layers below (OCI image layers).</param>
    internal static void Read(Stream archive, TreeWriter tree, bool isLayer)
    {
        try
        {
            using var reader = new TarReader(archive, leaveOpen: true);
            while (reader.GetNextEntry() is { } entry)
            {
                Take(entry, tree, isLayer);
            }
        }
        catch (Exception failure) when (failure is InvalidDataException or EndOfStreamException or FormatException or NotSupportedException or ArgumentException or OverflowException)
        {
            throw new TemplateException($"this is no tar archive, or a damaged one: {failure.Message}", failure);
        }
    }

    private static void Take(TarEntry entry, TreeWriter tree, bool isLayer)
    {
        var owner = new TreeOwner((uint)entry.Uid, (uint)entry.Gid, (uint)entry.Mode & 0xfff);
        var modified = (entry.ModificationTime - DateTimeOffset.UnixEpoch).Ticks * 100;
        if (isLayer && Path.GetFileName(entry.Name.TrimEnd('/')) is { } name && name.StartsWith(Whiteout, StringComparison.Ordinal))
        {
            var directory = Path.GetDirectoryName(entry.Name) ?? "";
            if (name == Opaque)
            {
                tree.Clear(directory);
            }
            else if (name[Whiteout.Length..] is not ("" or "." or "..") and var hidden)
            {
                tree.Remove(directory + "/" + hidden);
            }

            return;
        }

        switch (entry.EntryType)
        {
            case TarEntryType.Directory or TarEntryType.DirectoryList:
                tree.MakeDirectory(entry.Name, owner, modified);
                break;
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                if (entry is PaxTarEntry { ExtendedAttributes: { } more } && more.Keys.Any(key => key.StartsWith("GNU.sparse.", StringComparison.Ordinal)))
                {
                    throw new TemplateException($"{entry.Name}: it is stored as a sparse file, which is not read here: pack without --sparse");
                }

                tree.MakeFile(entry.Name, owner, modified, entry.Length, entry.DataStream);
                break;
            case TarEntryType.SymbolicLink:
                tree.MakeSymbolicLink(entry.Name, entry.LinkName, modified);
                break;
            case TarEntryType.HardLink:
                tree.MakeLink(entry.Name, entry.LinkName);
                break;
            case TarEntryType.Fifo:
                tree.MakeFifo(entry.Name, owner);
                break;
            case TarEntryType.BlockDevice or TarEntryType.CharacterDevice or TarEntryType.GlobalExtendedAttributes or TarEntryType.TapeVolume:
                break;
            default:
                throw new TemplateException($"{entry.Name}: an entry of type {entry.EntryType}, which is not read here");
        }
    }
}
