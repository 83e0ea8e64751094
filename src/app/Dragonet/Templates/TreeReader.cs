using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Hostfs;
using Dragonet.Platform;
using Dragonet.Platform.Linux.HostFiles;

namespace Dragonet.Templates;

/// <summary>Walks a template's tree, a directory before what is in it, names in order.</summary>
internal static class TreeReader
{
    internal static IEnumerable<TreeEntry> Read(string directory)
    {
        using var root = HostDirectories.Open(directory).Ok(out var opened, out var error) ? opened : throw new TemplateException($"{directory}: {error}");
        foreach (var entry in Read(root, ""))
        {
            yield return entry;
        }
    }

    private static IEnumerable<TreeEntry> Read(IHostDirectory directory, string prefix)
    {
        var names = directory.List().Ok(out var entries, out var error) ? entries : throw new TemplateException($"{prefix}: {error}");
        foreach (var name in names.Select(entry => entry.Name).Where(name => name is not ("." or "..")).Order(StringComparer.Ordinal))
        {
            if (directory.GetAttributes(name, out var attributes) != Errno.OK)
            {
                continue;
            }

            var type = attributes.Mode & StatMode.S_IFMT;
            var stored = type != StatMode.S_IFLNK && directory.GetXattr(name, HostfsOptions.OwnerAttribute).Ok(out var text, out _) ? text : [];
            var path = prefix + ByteString.ToText(name);
            var target = type == StatMode.S_IFLNK && directory.ReadLink(name).Ok(out var link, out _) ? ByteString.ToText(link) : "";
            yield return new TreeEntry(path, TreeOwner.Parse(stored, attributes.Mode & StatMode.S_IALLUGO), attributes, target, directory);
            if (type == StatMode.S_IFDIR && directory.OpenDirectory(name).Ok(out var inside, out _))
            {
                using (inside)
                {
                    foreach (var entry in Read(inside, path + "/"))
                    {
                        yield return entry;
                    }
                }
            }
        }
    }
}
