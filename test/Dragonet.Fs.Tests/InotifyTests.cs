using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Vfs;
using Xunit;

namespace Dragonet.Fs.Tests;

public sealed class InotifyTests
{
    [Fact]
    public void DirectoriesTellOfTheirNames()
    {
        var world = new World();
        world.Mkdir("/d");
        var watch = new InotifyInstance(world.Vfs.Notify, OpenFlags.O_RDONLY);
        Assert.Equal(1, watch.AddWatch(world.Find("/d").Value.Inode, InotifyMask.IN_CREATE | InotifyMask.IN_DELETE | InotifyMask.IN_MOVED_TO | InotifyMask.IN_MOVED_FROM).Value);
        world.Write("/d/f", "x");
        Assert.Equal(Errno.OK, world.Rename("/d/f", "/d/g"));
        Assert.Equal(Errno.OK, world.Unlink("/d/g"));
        var buffer = new byte[1024];
        var count = watch.Read(world.Caller, buffer).Value;
        var masks = new List<InotifyMask>();
        for (var at = 0; at < count; at += 16 + BinaryPrimitives.ReadInt32LittleEndian(buffer.AsSpan(at + 12)))
        {
            masks.Add((InotifyMask)BinaryPrimitives.ReadUInt32LittleEndian(buffer.AsSpan(at + 4)));
        }

        Assert.Equal([InotifyMask.IN_CREATE, InotifyMask.IN_MOVED_FROM, InotifyMask.IN_MOVED_TO, InotifyMask.IN_DELETE], masks);
        Assert.Equal(Errno.EAGAIN, watch.Read(world.Caller, buffer).Error);
        watch.Release();
        Assert.False(world.Vfs.Notify.IsActive);
    }
}
