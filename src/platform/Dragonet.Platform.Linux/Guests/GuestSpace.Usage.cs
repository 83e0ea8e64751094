using System.Globalization;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>How much memory it takes, from proc(5).</summary>
internal sealed partial class GuestSpace
{
    // What a MAP_SHARED|MAP_ANONYMOUS mapping is called. Other shared memory is a file that the kernel made and counts itself.
    private const string SharedAnonymous = "/dev/zero (deleted)";

    /// <inheritdoc/>
    public override long GetMemory()
    {
        var text = ProcFile.Read(MemoryTid, "status");
        return Field(text, "RssAnon:") + Field(text, "RssShmem:");
    }

    /// <inheritdoc/>
    public override long GetSwapped() => Field(ProcFile.Read(MemoryTid, "status"), "VmSwap:");

    /// <inheritdoc/>
    public override long GetMemoryShare()
    {
        var rollup = ProcFile.Read(MemoryTid, "smaps_rollup");
        var share = Field(rollup, "Pss_Anon:");
        return Field(rollup, "Pss_Shmem:") == 0 ? share : share + SharedAnonymousShare();
    }

    private long SharedAnonymousShare()
    {
        long share = 0;
        var counts = false;
        foreach (var line in ProcFile.Read(MemoryTid, "smaps").Split('\n'))
        {
            if (line.StartsWith("Pss:", StringComparison.Ordinal))
            {
                share += counts ? Field(line, "Pss:") : 0;
            }
            else if (line.Length > 0 && line[0] is (>= '0' and <= '9') or (>= 'a' and <= 'f'))
            {
                counts = line.EndsWith(SharedAnonymous, StringComparison.Ordinal);
            }
        }

        return share;
    }

    /// <summary>The bytes behind a name: "RssAnon:      120 kB".</summary>
    private static long Field(ReadOnlySpan<char> text, string name)
    {
        var at = text.IndexOf(name, StringComparison.Ordinal);
        if (at < 0)
        {
            return 0;
        }

        var rest = text[(at + name.Length)..].TrimStart();
        var end = rest.IndexOf(' ');
        return end > 0 && long.TryParse(rest[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var kilobytes) ? kilobytes * 1024 : 0;
    }
}
