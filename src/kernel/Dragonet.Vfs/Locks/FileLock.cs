namespace Dragonet.Vfs;

/// <summary>A record lock (fcntl(2)) or a request for one. Bytes from Start to End, both included.</summary>
/// <param name="Owner">Whose it is: a descriptor table for POSIX locks, an open file description for OFD and flock locks.</param>
/// <param name="Pid">The process that set it; -1 for OFD locks.</param>
/// <param name="Type">Read or write; None unlocks.</param>
/// <param name="Start">First byte.</param>
/// <param name="End">Last byte; <see cref="long.MaxValue"/> is the end of the file, wherever it is.</param>
public sealed record FileLock(object Owner, int Pid, FileLockType Type, long Start, long End)
{
    /// <summary>True when both touch a byte.</summary>
    public bool Overlaps(FileLock other) => Start <= other.End && other.Start <= End;

    /// <summary>True when both cannot be held at once.</summary>
    public bool Conflicts(FileLock other) => !ReferenceEquals(Owner, other.Owner) && Overlaps(other) && (Type == FileLockType.Write || other.Type == FileLockType.Write);
}
