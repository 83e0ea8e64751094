using System.Globalization;
using System.Text;

namespace Dragonet.Templates;

/// <summary>
/// Owner and permissions of a file in a template. An ordinary user can give files neither, so they are an attribute of the host's file, which
/// hostfs knows (<see cref="Fs.Hostfs.HostfsOptions.StoredOwners"/>); no file of the store is set-user-id on the host.
/// </summary>
internal readonly record struct TreeOwner(uint Uid, uint Gid, uint Permissions)
{
    internal byte[] ToBytes() => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Uid}:{Gid}:{Permissions}"));

    /// <summary>From the attribute; root's, with the permissions of the host's file, when there is none.</summary>
    internal static TreeOwner Parse(ReadOnlySpan<byte> text, uint permissions)
    {
        var parts = Encoding.ASCII.GetString(text).Split(':');
        return parts.Length == 3 && uint.TryParse(parts[0], CultureInfo.InvariantCulture, out var uid) && uint.TryParse(parts[1], CultureInfo.InvariantCulture, out var gid)
            && uint.TryParse(parts[2], CultureInfo.InvariantCulture, out var mode) ? new TreeOwner(uid, gid, mode) : new TreeOwner(0, 0, permissions);
    }
}
