using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>A shared memory segment (shmget(2)): a nameless file in memory, mapped by who attaches it.</summary>
public sealed class SharedSegment : IpcObject
{
    private readonly OpenFile _file;

    /// <param name="file">Its memory; the segment owns the reference.</param>
    /// <param name="backing">The same, as it is mapped.</param>
    public SharedSegment(int key, uint permissions, Credentials creator, long now, ulong size, int pid, OpenFile file, IMemoryBacking backing)
        : base(key, permissions, creator, now)
    {
        Size = size;
        CreatorPid = pid;
        _file = file;
        Backing = backing;
    }

    /// <summary>Bytes.</summary>
    public ulong Size { get; }

    /// <summary>Size in whole pages.</summary>
    public ulong MappedSize => (Size + 0xfff) & ~0xffful;

    public int CreatorPid { get; }

    /// <summary>Who attached or detached last.</summary>
    public int LastPid { get; private set; }

    public long AttachTime { get; private set; }

    public long DetachTime { get; private set; }

    /// <summary>What is mapped.</summary>
    public IMemoryBacking Backing { get; }

    /// <summary>IPC_RMID was there: it goes with the last mapping.</summary>
    public bool IsDoomed => (Mode & IpcFlags.SHM_DEST) != 0;

    /// <summary>Attachments that are being made.</summary>
    internal int Attaching { get; private set; }

    /// <summary>Attachments that were ever begun.</summary>
    internal int Attaches { get; private set; }

    /// <summary>shmat(2) begins: it does not go away meanwhile. Lock held.</summary>
    public void BeginAttachLocked()
    {
        Attaching++;
        Attaches++;
    }

    /// <summary>shmat(2) ends. Lock held.</summary>
    public void EndAttachLocked(bool attached, int pid, long now)
    {
        Attaching--;
        if (attached)
        {
            (LastPid, AttachTime) = (pid, now);
        }
    }

    /// <summary>shmdt(2). Lock held.</summary>
    public void Detached(int pid, long now) => (LastPid, DetachTime) = (pid, now);

    /// <summary>IPC_RMID. Lock held.</summary>
    public void DoomLocked()
    {
        Mode |= IpcFlags.SHM_DEST;
        Key = IpcFlags.IPC_PRIVATE;
    }

    /// <summary>Gives the memory back.</summary>
    public void Free() => _file.Release();

    /// <inheritdoc/>
    protected override void GiveBack(Jail payer)
    {
        payer.Give(Resource.SharedSegments, 1);
        payer.Give(Resource.SharedMemorySize, (long)Size);
    }
}
