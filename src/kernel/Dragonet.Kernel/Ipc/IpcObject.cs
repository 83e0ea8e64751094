using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>What System V objects have in common: a key, an id, an owner (sysvipc(7)). Guarded by the lock of its <see cref="IpcTable{T}"/>.</summary>
public abstract class IpcObject
{
    protected IpcObject(int key, uint permissions, Credentials creator, long now)
    {
        Key = key;
        Mode = permissions & 0x1ff;
        Uid = CreatorUid = creator.EffectiveUid;
        Gid = CreatorGid = creator.EffectiveGid;
        ChangeTime = now;
    }

    /// <summary>Its key; IPC_PRIVATE (0) for none.</summary>
    public int Key { get; internal set; }

    /// <summary>Its id: the sequence number in the high bits, the index in the low ones.</summary>
    public int Id { get; internal set; }

    public uint Uid { get; private set; }

    public uint Gid { get; private set; }

    public uint CreatorUid { get; }

    public uint CreatorGid { get; }

    /// <summary>Permission bits, and what a kind of object keeps beside them.</summary>
    public uint Mode { get; set; }

    /// <summary>Last change of owner or permissions, in seconds since the epoch.</summary>
    public long ChangeTime { get; set; }

    /// <summary>The jail that pays for it.</summary>
    internal Jail? Payer { get; private set; }

    /// <summary>Says which jail has paid for it.</summary>
    internal void SetPayer(Jail jail) => Payer = jail;

    /// <summary>It is gone, or was never seen: its jail gets back what it paid.</summary>
    internal void GiveBack()
    {
        if (Payer is { } payer)
        {
            Payer = null;
            GiveBack(payer);
        }
    }

    /// <summary>Gives a jail back what this object takes.</summary>
    protected abstract void GiveBack(Jail payer);

    /// <summary>True once its id is gone.</summary>
    public bool IsRemoved { get; internal set; }

    /// <summary>Whether somebody may (ipcperms in Linux): like a file, with CAP_IPC_OWNER for everything.</summary>
    /// <param name="wanted">Bits of one class: 4 read, 2 write, 1 execute.</param>
    public bool Allows(Credentials who, uint wanted)
    {
        var granted = who.EffectiveUid == Uid || who.EffectiveUid == CreatorUid ? Mode >> 6
            : who.InGroup(Gid) || who.InGroup(CreatorGid) ? Mode >> 3
            : Mode;
        return (wanted & ~granted & 7) == 0 || who.Has(Capability.CAP_IPC_OWNER);
    }

    /// <summary>Whether somebody may change or remove it: owner, creator, CAP_SYS_ADMIN.</summary>
    public bool IsOwner(Credentials who) => who.EffectiveUid == Uid || who.EffectiveUid == CreatorUid || who.Has(Capability.CAP_SYS_ADMIN);

    /// <summary>IPC_SET.</summary>
    public void SetOwner(uint uid, uint gid, uint permissions, long now)
    {
        (Uid, Gid) = (uid, gid);
        Mode = (Mode & ~0x1ffu) | (permissions & 0x1ff);
        ChangeTime = now;
    }

    /// <summary>The common part of IPC_STAT.</summary>
    public ipc64_perm ToPerm() => new()
    {
        key = Key, uid = Uid, gid = Gid, cuid = CreatorUid, cgid = CreatorGid, mode = Mode, seq = (ushort)(Id / IpcLimits.MaxIndex),
    };
}
