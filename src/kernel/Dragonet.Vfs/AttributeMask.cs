namespace Dragonet.Vfs;

/// <summary>Which attributes an <see cref="AttributeChange"/> changes.</summary>
[Flags]
public enum AttributeMask
{
    None = 0,
    Mode = 1,
    Uid = 2,
    Gid = 4,
    Size = 8,
    AccessTime = 16,
    ModifyTime = 32,
}
