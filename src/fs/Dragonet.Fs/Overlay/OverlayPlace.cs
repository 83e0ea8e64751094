namespace Dragonet.Fs.Overlay;

/// <summary>Directory and name of an overlay inode; replaced as a whole.</summary>
internal sealed record OverlayPlace(OverlayInode Parent, string Name);
