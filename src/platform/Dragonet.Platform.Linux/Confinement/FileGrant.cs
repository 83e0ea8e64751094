namespace Dragonet.Platform.Linux.Confinement;

/// <summary>A path that stays reachable for a confined process, with everything below it.</summary>
/// <param name="Path">Host path; one that does not exist is left out.</param>
/// <param name="Rights">What may be done there.</param>
public readonly record struct FileGrant(string Path, FileRights Rights);
