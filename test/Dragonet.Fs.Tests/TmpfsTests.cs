using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Tmpfs;
using Dragonet.Platform;
using Dragonet.Vfs;
using Xunit;

namespace Dragonet.Fs.Tests;

public sealed class TmpfsTests
{
    [Fact]
    public void FilesKeepWhatIsWritten()
    {
        var world = new World();
        world.Mkdir("/a");
        world.Write("/a/f", "hello");
        Assert.Equal("hello", world.Read("/a/f"));
        Assert.Equal(Errno.EEXIST, world.Open("/a/f", OpenFlags.O_CREAT | OpenFlags.O_EXCL | OpenFlags.O_RDWR).Error);
        Assert.Equal(Errno.EISDIR, world.Open("/a", OpenFlags.O_RDWR).Error);
        Assert.Equal(Errno.ENOTDIR, world.Find("/a/f/x").Error);
        Assert.Equal(Errno.ENOTDIR, world.Find("/a/f/").Error);
        Assert.Equal(Errno.ENOENT, world.Find("/a/g").Error);
        Assert.Equal(Errno.ENAMETOOLONG, world.Find("/a/" + new string('x', 256)).Error);
    }

    [Fact]
    public void LargeFilesMoveAndKeepHoles()
    {
        var world = new World();
        var file = world.Open("/big", OpenFlags.O_RDWR | OpenFlags.O_CREAT).Value;
        Assert.Equal(3, file.WriteAt(world.Caller, "abc"u8, 0).Value);
        Assert.Equal(3, file.WriteAt(world.Caller, "xyz"u8, 200_000).Value);
        var buffer = new byte[10];
        Assert.Equal(3, file.ReadAt(world.Caller, buffer, 200_000).Value);
        Assert.Equal("xyz"u8, buffer.AsSpan(0, 3));
        Assert.Equal(3, file.ReadAt(world.Caller, buffer.AsSpan(0, 3), 0).Value);
        Assert.Equal("abc"u8, buffer.AsSpan(0, 3));
        Assert.Equal(4096, file.Seek(world.Caller, 0, Seek.SEEK_HOLE).Value);
        Assert.Equal(196608, file.Seek(world.Caller, 5000, Seek.SEEK_DATA).Value);
        Assert.Equal(16, file.GetAttributes().Value.Blocks);
        Assert.Equal(Errno.OK, file.Truncate(world.Caller, 100));
        Assert.Equal(8, file.GetAttributes().Value.Blocks);
        file.Release();
    }

    /// <summary>A mapping of a file must not be touched where a hole is, which that would fill and nobody pays for, nor behind its end.</summary>
    [Fact]
    public void SmallReadsAskTheHostOnlyForHoles()
    {
        var memory = new FakeMemory();
        var world = new World(vfs => new TmpfsFileSystem(vfs, () => Result<IMemoryBacking>.Of(memory), new TmpfsOptions { Mode = 0x1ED }));
        var file = world.Open("/big", OpenFlags.O_RDWR | OpenFlags.O_CREAT).Value;
        var bytes = new byte[100_000];
        new Random(1).NextBytes(bytes);
        Assert.Equal(bytes.Length, file.WriteAt(world.Caller, bytes, 40_960).Value); // pages 10 to 34
        var buffer = new byte[4096];
        foreach (var (offset, quick) in (ReadOnlySpan<(long, bool)>)[(0, false), (36_864, false), (38_000, false), (40_960, true), (45_001, true), (135_169, true), (138_000, true)])
        {
            memory.QuickReads.Clear();
            var wanted = new byte[4096];
            var count = (int)Math.Min(4096, 140_960 - offset);
            for (var i = 0; i < count; i++)
            {
                wanted[i] = offset + i < 40_960 ? (byte)0 : bytes[offset + i - 40_960];
            }

            buffer.AsSpan().Clear();
            Assert.Equal(count, file.ReadAt(world.Caller, buffer, offset).Value);
            Assert.Equal(wanted, buffer);
            Assert.Equal(quick ? 1 : 0, memory.QuickReads.Count);
        }

        memory.QuickReads.Clear();
        Assert.Equal(Errno.OK, file.Truncate(world.Caller, 60_000));
        Assert.Equal(0, file.ReadAt(world.Caller, buffer, 60_000).Value);
        Assert.Equal(1_000, file.ReadAt(world.Caller, buffer, 59_000).Value);
        Assert.Equal(Errno.OK, file.Truncate(world.Caller, 200_000));
        Assert.Equal(4096, file.ReadAt(world.Caller, buffer, 70_000).Value);
        Assert.All(buffer, static value => Assert.Equal(0, value));
        Assert.Equal([(14, 14)], memory.QuickReads);
        Assert.Equal(60_000, file.ReadAt(world.Caller, new byte[60_000], 0).Value); // much at once is a call of the host's
        _ = Assert.Single(memory.QuickReads);
        file.Release();
    }

    [Fact]
    public void LimitsAnswerEnospcAndGiveBack()
    {
        var world = new World(new TmpfsOptions { Size = 8192, Inodes = 3, Mode = 0x1FF });
        var file = world.Open("/f", OpenFlags.O_RDWR | OpenFlags.O_CREAT).Value;
        Assert.Equal(8192, file.Write(world.Caller, new byte[10000]).Value);
        Assert.Equal(Errno.ENOSPC, file.Write(world.Caller, new byte[1]).Error);
        Assert.Equal(Errno.OK, world.Unlink("/f"));
        Assert.Equal(Errno.ENOSPC, world.Open("/g", OpenFlags.O_RDWR | OpenFlags.O_CREAT).Value.Write(world.Caller, new byte[1]).Error);
        file.Release();
        world.Write("/h", "x");
        Assert.Equal(Errno.ENOSPC, world.Open("/i", OpenFlags.O_RDWR | OpenFlags.O_CREAT).Error);
    }

    [Fact]
    public void RenameHasItsRules()
    {
        var world = new World();
        world.Mkdir("/d");
        world.Mkdir("/d/e");
        world.Write("/f", "f");
        world.Write("/g", "g");
        Assert.Equal(Errno.EINVAL, world.Rename("/d", "/d/e/x"));
        Assert.Equal(Errno.ENOTEMPTY, world.Rename("/d/e", "/d"));
        Assert.Equal(Errno.ENOTDIR, world.Rename("/d", "/f"));
        Assert.Equal(Errno.EISDIR, world.Rename("/f", "/d"));
        Assert.Equal(Errno.EEXIST, world.Rename("/f", "/g", RenameFlags.RENAME_NOREPLACE));
        Assert.Equal(Errno.OK, world.Rename("/f", "/g", RenameFlags.RENAME_EXCHANGE));
        Assert.Equal("f", world.Read("/g"));
        Assert.Equal(Errno.OK, world.Rename("/g", "/d/e/g"));
        Assert.Equal(Errno.OK, world.Rename("/d/e", "/e"));
        Assert.Equal("f", world.Read("/e/g"));
        Assert.Equal(Errno.ENOENT, world.Find("/d/e").Error);
        Assert.Equal(2u, world.Find("/d").Value.Inode.GetAttributes().Value.Links);
        Assert.Equal("/e/g", VirtualFileSystem.GetPath(world.Find("/e/g").Value, world.Space.Root));
        Assert.Equal(["d", "e", "f"], world.List("/"));
    }

    [Fact]
    public void LinksAreFollowedAtMostFortyTimes()
    {
        var world = new World();
        world.Mkdir("/d");
        world.Write("/d/f", "x");
        Assert.Equal(Errno.OK, world.Vfs.MakeSymbolicLink(world.Context, "/l", "d/../d/./f"));
        Assert.Equal(Errno.OK, world.Vfs.MakeSymbolicLink(world.Context, "/loop", "loop"));
        Assert.Equal(Errno.OK, world.Vfs.MakeSymbolicLink(world.Context, "/new", "d/new"));
        Assert.Equal("x", world.Read("/l"));
        Assert.Equal(Errno.ELOOP, world.Find("/loop").Error);
        Assert.Equal(Errno.ELOOP, world.Open("/l", OpenFlags.O_NOFOLLOW).Error);
        world.Write("/new", "created");
        Assert.Equal("created", world.Read("/d/new"));
        Assert.Equal(Errno.EEXIST, world.Open("/loop", OpenFlags.O_CREAT | OpenFlags.O_EXCL | OpenFlags.O_RDWR).Error);
        Assert.Equal(Errno.EXDEV, world.Find("/d/../../f", WalkFlags.Beneath).Error);
        Assert.Equal(Errno.ELOOP, world.Find("l", WalkFlags.NoSymbolicLinks | WalkFlags.Follow).Error);
    }

    [Fact]
    public void UnlinkedFilesLiveWhileOpen()
    {
        var world = new World();
        var file = world.Open("/f", OpenFlags.O_RDWR | OpenFlags.O_CREAT).Value;
        _ = file.Write(world.Caller, "abc"u8);
        Assert.Equal(Errno.OK, world.Unlink("/f"));
        Assert.Equal("/f (deleted)", VirtualFileSystem.GetPath(file.Path!, world.Space.Root));
        Assert.Equal(0u, file.GetAttributes().Value.Links);
        var buffer = new byte[3];
        Assert.Equal(3, file.ReadAt(world.Caller, buffer, 0).Value);
        file.Release();
    }

    [Fact]
    public void TemporaryFilesCanGetAName()
    {
        var world = new World();
        var file = world.Open("/", OpenFlags.O_TMPFILE | OpenFlags.O_RDWR).Value;
        _ = file.Write(world.Caller, "t"u8);
        Assert.Equal(Errno.OK, world.Vfs.Link(world.Context, "/t", file.Path!));
        file.Release();
        Assert.Equal("t", world.Read("/t"));
    }

    [Fact]
    public void RemovingWhileReadingLosesNothing()
    {
        var world = new World();
        world.Mkdir("/d");
        for (var i = 0; i < 200; i++)
        {
            world.Write("/d/" + i, "");
        }

        var names = new List<string>();
        var sink = new ListSink(names, 10);
        var directory = world.Open("/d", OpenFlags.O_DIRECTORY).Value;
        while (directory.ReadDirectory(world.Caller, sink).Value > 0)
        {
            foreach (var name in names)
            {
                _ = world.Unlink("/d/" + name);
            }

            names.Clear();
            sink.Reset();
        }

        Assert.Equal(Errno.OK, world.Rmdir("/d"));
    }

    [Fact]
    public void RightsAreChecked()
    {
        var world = new World();
        world.Mkdir("/tmp", 0x3FF);
        world.Caller.Umask = 0;
        world.Mkdir("/sticky", 0x3FF);
        world.Write("/sticky/root", "r");
        world.Mkdir("/private", 0x1C0);
        world.Caller = new FakeCaller(Credentials.User(1000, 1000));
        Assert.Equal(Errno.EACCES, world.Open("/new", OpenFlags.O_CREAT | OpenFlags.O_RDWR).Error);
        Assert.Equal(Errno.EACCES, world.Find("/private/x").Error);
        Assert.Equal(Errno.EPERM, world.Unlink("/sticky/root"));
        Assert.Equal(Errno.EACCES, world.Open("/sticky/root", OpenFlags.O_RDWR).Error);
        world.Write("/sticky/mine", "m");
        Assert.Equal(Errno.EPERM, world.Vfs.ChangeOwner(world.Caller, world.Find("/sticky/mine").Value, 0, uint.MaxValue));
        Assert.Equal(Errno.OK, world.Unlink("/sticky/mine"));
    }
}
