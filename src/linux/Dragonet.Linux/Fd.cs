namespace Dragonet.Linux;

/// <summary>A file descriptor argument.</summary>
public readonly record struct Fd(int Value)
{
    /// <summary>AT_FDCWD.</summary>
    public bool IsCwd => Value == -100;
}
