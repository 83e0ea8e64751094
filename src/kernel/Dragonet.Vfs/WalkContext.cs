namespace Dragonet.Vfs;

/// <summary>Who walks a path and from where.</summary>
/// <param name="Caller">Whose rights count.</param>
/// <param name="Root">Where absolute paths start and ".." ends.</param>
/// <param name="Base">Where relative paths start: the working directory or a directory descriptor's file.</param>
public readonly record struct WalkContext(ICaller Caller, VfsPath Root, VfsPath Base);
