namespace Dragonet;

/// <summary>Something happened to a jail.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Name">Its name.</param>
/// <param name="What">"created", "modified", "empty" (its last process has ended), "removed" (its processes are being killed), "gone" (nothing is left of it), or the resource of
/// which it wanted more than its limit.</param>
public readonly record struct JailChange(int Id, string Name, string What);
