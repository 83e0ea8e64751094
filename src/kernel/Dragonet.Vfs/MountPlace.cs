namespace Dragonet.Vfs;

/// <summary>Where a mount is attached; replaced as a whole.</summary>
internal sealed record MountPlace(Mount Parent, Dentry Point);
