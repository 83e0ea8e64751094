namespace Dragonet.Vfs;

/// <summary>What is asked of a file; the numbers are those of access(2).</summary>
[Flags]
public enum Access
{
    None = 0,
    Execute = 1,
    Write = 2,
    Read = 4,
}
