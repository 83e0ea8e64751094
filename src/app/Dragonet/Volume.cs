namespace Dragonet;

/// <summary>A host directory or file that guests see.</summary>
/// <param name="HostPath">What is shown.</param>
/// <param name="GuestPath">Where, an absolute path in the guest.</param>
/// <param name="ReadOnly">Guests may not change it.</param>
public sealed record Volume(string HostPath, string GuestPath, bool ReadOnly = false);
