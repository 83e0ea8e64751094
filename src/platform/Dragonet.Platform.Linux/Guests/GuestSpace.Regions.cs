using System.Globalization;
using Dragonet.Platform.Linux.Stub;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>What is mapped, as the host sees it: the host's record is the only one, so it is always right.</summary>
internal sealed partial class GuestSpace
{
    /// <inheritdoc/>
    public override IReadOnlyList<VmRegion> GetRegions()
    {
        var regions = new List<VmRegion>();
        foreach (var line in ProcFile.Read(MemoryTid, "maps").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (Parse(line) is { } region && !StubLayout.IsOwn(region.Start) && region.Label is not "[stack]")
            {
                regions.Add(region);
            }
        }

        return regions;
    }

    /// <summary>One line of proc(5) maps: "start-end rwxp offset major:minor inode path".</summary>
    private VmRegion? Parse(string line)
    {
        var fields = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 5)
        {
            return null;
        }

        var dash = fields[0].IndexOf('-', StringComparison.Ordinal);
        var colon = fields[3].IndexOf(':', StringComparison.Ordinal);
        var rights = fields[1];
        var protection = (rights[0] == 'r' ? VmProt.Read : 0) | (rights[1] == 'w' ? VmProt.Write : 0) | (rights[2] == 'x' ? VmProt.Exec : 0);
        var inode = ulong.Parse(fields[4], CultureInfo.InvariantCulture);
        var label = fields.Length > 5 ? fields[5].TrimStart() : "";
        IMemoryBacking? backing = null;
        if (inode != 0)
        {
            var device = (uint)Hex(fields[3][..colon]) << 20 | (uint)Hex(fields[3][(colon + 1)..]);
            backing = platform.FindBacking(device, inode);
            label = "";
        }

        return new VmRegion(Hex(fields[0][..dash]), Hex(fields[0][(dash + 1)..]), protection, rights[3] == 's', Hex(fields[2]), backing, label);
    }

    private static ulong Hex(string text) => ulong.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
