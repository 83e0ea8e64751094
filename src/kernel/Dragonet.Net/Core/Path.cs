namespace Dragonet.Net;

/// <summary>How to reach a destination.</summary>
/// <param name="Interface">Out of which interface.</param>
/// <param name="NextHop">To whom on its link.</param>
/// <param name="Source">The address to use when the sender has none.</param>
public readonly record struct Path(Interface Interface, IPAddress NextHop, IPAddress Source);
