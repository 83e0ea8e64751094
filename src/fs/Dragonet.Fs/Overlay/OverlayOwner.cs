namespace Dragonet.Fs.Overlay;

/// <summary>Owner and permissions of an upper file, where the upper file system cannot keep them.</summary>
internal sealed record OverlayOwner(uint Uid, uint Gid, uint Permissions);
