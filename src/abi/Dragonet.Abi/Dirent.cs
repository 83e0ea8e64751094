namespace Dragonet.Abi;

/// <summary>Entry types of getdents64(2) (DT_*).</summary>
public static class DirectoryType
{
    public const byte DT_UNKNOWN = 0;
    public const byte DT_FIFO = 1;
    public const byte DT_CHR = 2;
    public const byte DT_DIR = 4;
    public const byte DT_BLK = 6;
    public const byte DT_REG = 8;
    public const byte DT_LNK = 10;
    public const byte DT_SOCK = 12;

    /// <summary>The type of a mode.</summary>
    public static byte FromMode(uint mode) => (byte)((mode & StatMode.S_IFMT) >> 12);
}
