namespace Dragonet.Vfs;

/// <summary>Kinds of a record lock; the numbers are F_RDLCK, F_WRLCK and F_UNLCK.</summary>
public enum FileLockType
{
    Read = 0,
    Write = 1,
    None = 2,
}
