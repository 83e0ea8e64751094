using Dragonet.Abi;
using Dragonet.Vfs;
using Xunit;

namespace Dragonet.Fs.Tests;

public sealed class FileLockTests
{
    [Fact]
    public void RangesSplitAndJoin()
    {
        var locks = new FileLocks(new LockWaits());
        var (a, b) = (new object(), new object());
        Assert.Equal(Errno.OK, locks.Set(new FileLock(a, 1, FileLockType.Write, 0, 99), null));
        Assert.Equal(Errno.OK, locks.Set(new FileLock(a, 1, FileLockType.None, 40, 59), null));
        Assert.Equal(Errno.OK, locks.Set(new FileLock(b, 2, FileLockType.Write, 40, 59), null));
        Assert.Equal(Errno.EAGAIN, locks.Set(new FileLock(b, 2, FileLockType.Read, 39, 39), null));
        var held = locks.Test(new FileLock(b, 2, FileLockType.Read, 0, long.MaxValue));
        Assert.Equal((0, 39), (held!.Start, held.End));
        locks.RemoveOwner(b);
        Assert.Equal(Errno.OK, locks.Set(new FileLock(a, 1, FileLockType.Write, 40, 59), null));
        Assert.Single(locks.List().Records);
    }

    [Fact]
    public void CyclesAreFound()
    {
        var waits = new LockWaits();
        var (one, two) = (new FileLocks(waits), new FileLocks(waits));
        var (a, b) = (new object(), new object());
        Assert.Equal(Errno.OK, one.Set(new FileLock(a, 1, FileLockType.Write, 0, 0), a));
        Assert.Equal(Errno.OK, two.Set(new FileLock(b, 2, FileLockType.Write, 0, 0), b));
        Assert.Equal(Errno.EAGAIN, two.Set(new FileLock(a, 1, FileLockType.Write, 0, 0), a));
        Assert.Equal(Errno.EDEADLK, one.Set(new FileLock(b, 2, FileLockType.Write, 0, 0), b));
        waits.Remove(a);
        Assert.Equal(Errno.EAGAIN, one.Set(new FileLock(b, 2, FileLockType.Write, 0, 0), b));
    }

    [Fact]
    public void WholeFileLocksBelongToTheDescription()
    {
        var locks = new FileLocks(new LockWaits());
        var (a, b) = (new object(), new object());
        Assert.Equal(Errno.OK, locks.SetWhole(a, 1, FileLockType.Read));
        Assert.Equal(Errno.OK, locks.SetWhole(b, 1, FileLockType.Read));
        Assert.Equal(Errno.EAGAIN, locks.SetWhole(a, 1, FileLockType.Write));
        locks.RemoveOwner(b);
        Assert.Equal(Errno.OK, locks.SetWhole(a, 1, FileLockType.Write));
    }
}
