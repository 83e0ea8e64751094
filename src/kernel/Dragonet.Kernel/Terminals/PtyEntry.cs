namespace Dragonet.Kernel;

/// <summary>A pseudo terminal as devpts shows it. Attributes are replaced one by one.</summary>
/// <param name="jail">Where it is seen.</param>
/// <param name="index">Its number.</param>
/// <param name="uid">Who opened it.</param>
/// <param name="gid">The opener's group.</param>
/// <param name="time">Realtime nanoseconds.</param>
public sealed class PtyEntry(Jail jail, int index, uint uid, uint gid, long time)
{
    /// <summary>The jail that sees it, with those above.</summary>
    public Jail Jail => jail;

    /// <summary>N of /dev/pts/N.</summary>
    public int Index => index;

    public uint Uid { get; set; } = uid;

    public uint Gid { get; set; } = gid;

    /// <summary>Permission bits.</summary>
    public uint Permissions { get; set; } = 0x190; // 0620

    /// <summary>When it was made, in realtime nanoseconds.</summary>
    public long Created { get; } = time;

    /// <summary>When it was last read or written.</summary>
    public long Used { get; set; } = time;
}
