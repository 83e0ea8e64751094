using Dragonet.Abi;
using Dragonet.Fs.Tmpfs;
using Dragonet.Vfs;
using Xunit;

namespace Dragonet.Fs.Tests;

public sealed class MountTests
{
    [Fact]
    public void MountsCoverAndUncover()
    {
        var world = new World();
        world.Mkdir("/m");
        world.Write("/m/below", "b");
        var other = new TmpfsFileSystem(world.Vfs, FakeMemory.Create, new TmpfsOptions());
        var mount = world.Space.Attach(world.Find("/m").Value, new MountSource(other), MountFlags.MS_NODEV, "x").Value;
        Assert.Equal(Errno.ENOENT, world.Find("/m/below").Error);
        world.Write("/m/above", "a");
        Assert.Equal("/m/above", VirtualFileSystem.GetPath(world.Find("/m/above").Value, world.Space.Root));
        Assert.Equal(world.Root.Root, world.Find("/m/..").Value.Inode);
        Assert.Equal(Errno.EBUSY, world.Rmdir("/m"));
        Assert.Equal(Errno.EXDEV, world.Rename("/m/above", "/above"));
        Assert.Equal(Errno.EXDEV, world.Find("m/above", WalkFlags.NoCrossing).Error);
        var file = world.Open("/m/above").Value;
        Assert.Equal(Errno.EBUSY, world.Space.Unmount(world.Find("/m").Value, lazy: false));
        file.Release();
        Assert.Equal(Errno.OK, world.Space.SetFlags(mount, MountFlags.MS_RDONLY));
        Assert.Equal(Errno.EROFS, world.Open("/m/new", OpenFlags.O_CREAT | OpenFlags.O_RDWR).Error);
        Assert.Equal(Errno.OK, world.Space.Unmount(world.Find("/m").Value, lazy: false));
        Assert.Equal("b", world.Read("/m/below"));
    }

    [Fact]
    public void BindMountsShowTheSameFiles()
    {
        var world = new World();
        world.Mkdir("/a");
        world.Mkdir("/b");
        world.Mkdir("/a/c");
        _ = world.Space.Attach(world.Find("/a/c").Value, new MountSource(new TmpfsFileSystem(world.Vfs, FakeMemory.Create, new TmpfsOptions())), MountFlags.None, "x");
        world.Write("/a/c/f", "f");
        Assert.True(world.Space.Bind(world.Find("/a").Value, world.Find("/b").Value, recursive: true).IsOk);
        Assert.Equal("f", world.Read("/b/c/f"));
        world.Write("/b/g", "g");
        Assert.Equal("g", world.Read("/a/g"));
        Assert.Equal("/b/g", VirtualFileSystem.GetPath(world.Find("/b/g").Value, world.Space.Root));
        Assert.Equal(4, world.Space.List().Count);
        var copy = world.Space.Copy(MountNamespace.FirstId + 1, null, out var map);
        Assert.Equal(4, map.Count);
        Assert.Equal("/b/c/f", VirtualFileSystem.GetPath(world.Vfs.Lookup(new WalkContext(world.Caller, copy.Root, copy.Root), "/b/c/f", WalkFlags.None).Value, copy.Root));
        Assert.Equal(Errno.OK, world.Space.Unmount(world.Find("/b").Value, lazy: true));
        Assert.Equal(2, world.Space.List().Count);
        Assert.Equal(4, copy.List().Count);
    }

    [Fact]
    public void PivotRootSwapsTheRoot()
    {
        var world = new World();
        world.Mkdir("/new");
        _ = world.Space.Attach(world.Find("/new").Value, new MountSource(new TmpfsFileSystem(world.Vfs, FakeMemory.Create, new TmpfsOptions())), MountFlags.None, "x");
        world.Mkdir("/new/old");
        var result = world.Space.Pivot(world.Find("/new").Value, world.Find("/new/old").Value, world.Space.Root);
        Assert.Equal(Errno.OK, result.Error);
        Assert.Equal(["old"], world.List("/"));
        Assert.Equal(["new"], world.List("/old"));
    }
}
