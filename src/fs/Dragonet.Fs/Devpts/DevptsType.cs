using System.Globalization;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Devpts;

/// <summary>devpts (pts(4)): the pseudo terminals that exist, by number. All mounts show the same ones; the options of the last count.</summary>
/// <param name="kernel">Whose terminals.</param>
[FileSystem("devpts")]
public sealed class DevptsType(Dragonet.Kernel.Kernel kernel) : FileSystemType
{
    private readonly Lock _lock = new();
    private DevptsFileSystem? _instance; // guarded by _lock

    /// <inheritdoc/>
    public override string Name => "devpts";

    /// <inheritdoc/>
    public override Result<MountSource> Mount(MountRequest request)
    {
        var (gid, mode, ptmxMode) = (-1L, 0x180L, 0L);
        foreach (var (key, value) in request.ParseOptions())
        {
            var isValid = key switch
            {
                "gid" or "uid" => long.TryParse(value, CultureInfo.InvariantCulture, out gid) && gid >= 0,
                "mode" => TryOctal(value, out mode),
                "ptmxmode" => TryOctal(value, out ptmxMode),
                "max" => long.TryParse(value, CultureInfo.InvariantCulture, out _),
                "newinstance" => true,
                _ => false,
            };
            if (!isValid)
            {
                return Abi.Errno.EINVAL;
            }
        }

        lock (_lock)
        {
            _instance ??= new DevptsFileSystem(request.Vfs, kernel);
            _instance.SetPtmxMode((uint)ptmxMode);
            return new MountSource(_instance);
        }
    }

    private static bool TryOctal(string text, out long value)
    {
        value = 0;
        foreach (var c in text)
        {
            if (c is < '0' or > '7' || value > 0x1ff)
            {
                return false;
            }

            value = value * 8 + c - '0';
        }

        return text.Length > 0;
    }
}
