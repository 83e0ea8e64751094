namespace Dragonet.Vfs;

/// <summary>Directory and name of a dentry; replaced as a whole by a rename, so that a reader sees a pair that was true.</summary>
internal sealed record DentryPlace(Dentry? Parent, string Name);
