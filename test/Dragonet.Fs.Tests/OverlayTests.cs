using System.Threading.Tasks;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Hostfs;
using Dragonet.Fs.Overlay;
using Dragonet.Fs.Tmpfs;
using Dragonet.Platform.Linux.HostFiles;
using Dragonet.Vfs;
using Xunit;

namespace Dragonet.Fs.Tests;

/// <summary>Every test runs with the upper layer in memory and in a host directory.</summary>
public sealed class OverlayTests : IDisposable
{
    private readonly TemporaryDirectory _host = new();
    private World _lower = null!;

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ChangesStayInTheUpperLayer(bool host)
    {
        var world = Make(host, lower =>
        {
            lower.Mkdir("/d");
            lower.Write("/d/f", "lower");
            lower.Write("/g", "g");
        });
        var number = world.Number("/d/f");
        var reader = world.Open("/d/f").Value;
        world.Write("/d/f", "upper!");
        Assert.Equal("upper!", world.Read("/d/f"));
        Assert.Equal("lower", _lower.Read("/d/f"));
        Assert.Equal(number, world.Number("/d/f"));
        var buffer = new byte[10];
        Assert.Equal(6, reader.ReadAt(world.Caller, buffer, 0).Value);
        reader.Release();
        Assert.Equal(Errno.OK, world.Unlink("/g"));
        Assert.Equal(Errno.ENOENT, world.Find("/g").Error);
        Assert.Equal(["d"], world.List("/"));
        Assert.Equal(["d", "g"], _lower.List("/"));
        world.Write("/g", "again");
        Assert.Equal("again", world.Read("/g"));
        Assert.Equal("again", Again(world, host).Read("/g"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void RemovedDirectoriesComeBackEmpty(bool host)
    {
        var world = Make(host, lower =>
        {
            lower.Mkdir("/d");
            lower.Write("/d/f", "f");
        });
        Assert.Equal(Errno.ENOTEMPTY, world.Rmdir("/d"));
        Assert.Equal(Errno.OK, world.Unlink("/d/f"));
        Assert.Equal(Errno.OK, world.Rmdir("/d"));
        Assert.Empty(world.List("/"));
        world.Mkdir("/d");
        Assert.Empty(world.List("/d"));
        Assert.Equal(Errno.ENOENT, world.Find("/d/f").Error);
        var later = Again(world, host);
        Assert.Empty(later.List("/d"));
        Assert.Equal(Errno.ENOENT, later.Find("/d/f").Error);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void RenamedDirectoriesKeepTheirFiles(bool host)
    {
        var world = Make(host, lower =>
        {
            lower.Mkdir("/a");
            lower.Mkdir("/a/b");
            lower.Write("/a/b/f", "deep");
            lower.Mkdir("/e");
            lower.Write("/x", "x");
        });
        world.Write("/a/new", "n");
        Assert.Equal(Errno.OK, world.Rename("/a", "/c"));
        Assert.Equal("deep", world.Read("/c/b/f"));
        Assert.Equal(["b", "new"], world.List("/c"));
        Assert.Equal(Errno.ENOENT, world.Find("/a").Error);
        Assert.Equal(Errno.OK, world.Rename("/c/b", "/e"));
        Assert.Equal("deep", world.Read("/e/f"));
        Assert.Equal(Errno.OK, world.Rename("/x", "/c/x"));
        Assert.Equal(["c", "e"], world.List("/"));
        var later = Again(world, host);
        Assert.Equal(["c", "e"], later.List("/"));
        Assert.Equal(["new", "x"], later.List("/c"));
        Assert.Equal("deep", later.Read("/e/f"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void HardLinksStayOneFile(bool host)
    {
        var world = Make(host, lower =>
        {
            lower.Write("/a", "1");
            Assert.Equal(Errno.OK, lower.Vfs.Link(lower.Context, "/b", lower.Find("/a").Value));
        });
        Assert.Equal(2u, world.Find("/b").Value.Inode.GetAttributes().Value.Links);
        world.Write("/a", "22");
        Assert.Equal("22", world.Read("/b"));
        Assert.Equal(Errno.OK, world.Vfs.Link(world.Context, "/c", world.Find("/a").Value));
        Assert.Equal(3u, world.Find("/b").Value.Inode.GetAttributes().Value.Links);
        Assert.Equal(world.Number("/c"), world.Number("/a"));
        Assert.Equal(Errno.OK, world.Unlink("/a"));
        Assert.Equal("22", world.Read("/b"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void OwnersAndModesAreKept(bool host)
    {
        var world = Make(host, lower => lower.Write("/f", "f"));
        Assert.Equal(Errno.OK, world.Vfs.ChangeOwner(world.Caller, world.Find("/f").Value, 1000, 100));
        Assert.Equal(Errno.OK, world.Vfs.ChangeMode(world.Caller, world.Find("/f").Value, 0x1C0));
        var inode = Again(world, host).Find("/f").Value.Inode;
        Assert.Equal((1000u, 100u, 0x1C0u), (inode.Uid, inode.Gid, inode.Mode & 0xFFF));
        Assert.Equal(Errno.OK, inode.SetXattr("user.x", [1, 2], 0));
        Assert.Equal(["user.x"], inode.ListXattr().Value);
    }

    [Fact]
    public void DeletedFilesCanStillBeChanged()
    {
        var world = Make(host: false, lower => lower.Write("/f", "f"));
        var file = world.Open("/f").Value;
        Assert.Equal(Errno.OK, world.Unlink("/f"));
        Assert.Equal(Errno.OK, file.Inode!.SetAttributes(world.Caller, new AttributeChange { Mask = AttributeMask.Mode, Mode = 0x100 }));
        Assert.Equal(Errno.ENOENT, world.Find("/f").Error);
        Assert.Equal(0u, file.GetAttributes().Value.Links);
        var buffer = new byte[1];
        Assert.Equal(1, file.ReadAt(world.Caller, buffer, 0).Value);
        file.Release();
    }

    [Fact]
    public void ManyThreadsCopyUpOnce()
    {
        var world = Make(host: false, lower => lower.Write("/f", new string('x', 60000)));
        _ = Parallel.For(0, 8, number =>
        {
            var caller = new FakeCaller(Credentials.Root);
            var context = new WalkContext(caller, world.Space.Root, world.Space.Root);
            var file = world.Vfs.Open(context, "/f", new OpenRequest(OpenFlags.O_WRONLY | OpenFlags.O_APPEND)).Value;
            Assert.Equal(1, file.Write(caller, "y"u8).Value);
            file.Release();
        });
        Assert.Equal(new string('x', 60000) + "yyyyyyyy", world.Read("/f"));
    }

    private World Make(bool host, Action<World> fill)
    {
        _lower = new World();
        fill(_lower);
        return new World(vfs => Overlay(vfs, host ? HostUpper(vfs) : new TmpfsFileSystem(vfs, FakeMemory.Create, new TmpfsOptions())));
    }

    /// <summary>The same layers with nothing cached.</summary>
    private World Again(World world, bool host)
        => new(vfs => Overlay(vfs, host ? HostUpper(vfs) : ((OverlayFileSystem)world.Root).UpperFileSystem!));

    private OverlayFileSystem Overlay(VirtualFileSystem vfs, FileSystem upper)
        => OverlayFileSystem.Create(vfs, new FakeCaller(Credentials.Root), upper, [_lower.Root.Root]).Value;

    private HostfsFileSystem HostUpper(VirtualFileSystem vfs)
        => HostfsFileSystem.Open(vfs, static () => 1, _host.Open(), new HostfsOptions { CacheTime = long.MaxValue, MapOwner = true }, HostDirectories.Identity).Value;
}
