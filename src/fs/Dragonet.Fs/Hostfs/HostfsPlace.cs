namespace Dragonet.Fs.Hostfs;

/// <summary>A directory and a name under which an inode was last seen; replaced as a whole.</summary>
internal sealed record HostfsPlace(HostfsDirectory Parent, string Name);
