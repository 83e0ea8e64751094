using System.Globalization;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Tmpfs;

/// <summary>Mount options of tmpfs(5).</summary>
public sealed record TmpfsOptions
{
    /// <summary>Limit in bytes; <see cref="long.MaxValue"/> for none.</summary>
    public long Size { get; init; } = long.MaxValue;

    /// <summary>Most inodes; <see cref="long.MaxValue"/> for no limit.</summary>
    public long Inodes { get; init; } = long.MaxValue;

    /// <summary>Permission bits of the root.</summary>
    public uint Mode { get; init; } = 0x3FF; // 01777

    public uint Uid { get; init; }

    public uint Gid { get; init; }

    /// <summary>Parses mount options. EINVAL for what is not known.</summary>
    /// <param name="memory">What a percentage is of, in bytes.</param>
    internal static Result<TmpfsOptions> Parse(MountRequest request, TmpfsOptions start, long memory)
    {
        var options = start;
        var who = request.Context.Caller?.Credentials ?? Credentials.Root; // a remount does not set owners
        foreach (var (key, value) in request.ParseOptions())
        {
            TmpfsOptions? next = key switch
            {
                "size" => Number(value, memory) is { } size ? options with { Size = size == 0 ? long.MaxValue : (size + 4095) & ~4095L } : null,
                "nr_blocks" => Number(value, 0) is { } blocks ? options with { Size = blocks == 0 ? long.MaxValue : blocks * 4096 } : null,
                "nr_inodes" => Number(value, 0) is { } inodes ? options with { Inodes = inodes == 0 ? long.MaxValue : inodes } : null,
                "mode" => Octal(value) is { } mode ? options with { Mode = mode & StatMode.S_IALLUGO } : null,
                "uid" => uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var uid) && who.KernelUid(uid) is var user and not UserNamespace.NoId ? options with { Uid = user } : null,
                "gid" => uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var gid) && who.KernelGid(gid) is var group and not UserNamespace.NoId ? options with { Gid = group } : null,
                "huge" or "mpol" or "inode32" or "inode64" or "noswap" or "source" => options,
                _ => null,
            };
            if (next is null)
            {
                return Errno.EINVAL;
            }

            options = next;
        }

        return options;
    }

    private static uint? Octal(string text)
    {
        uint value = 0;
        foreach (var digit in text)
        {
            if (digit is < '0' or > '7' || value > StatMode.S_IALLUGO)
            {
                return null;
            }

            value = value * 8 + (uint)(digit - '0');
        }

        return text.Length == 0 ? null : value;
    }

    private static long? Number(string text, long whole)
    {
        if (text.Length == 0)
        {
            return null;
        }

        var last = char.ToLowerInvariant(text[^1]);
        var shift = last switch { 'k' => 10, 'm' => 20, 'g' => 30, 't' => 40, _ => 0 };
        var digits = shift != 0 || last == '%' ? text[..^1] : text;
        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var value) || value > long.MaxValue >> shift)
        {
            return null;
        }

        return last == '%' ? whole / 100 * value : value << shift;
    }
}
