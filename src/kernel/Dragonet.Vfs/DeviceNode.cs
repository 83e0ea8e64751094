namespace Dragonet.Vfs;

/// <summary>A node that devtmpfs shows.</summary>
/// <param name="Name">Path below /dev: "null", "input/mice".</param>
/// <param name="Mode">Type and permission bits.</param>
/// <param name="Device">Number.</param>
public sealed record DeviceNode(string Name, uint Mode, ulong Device);
