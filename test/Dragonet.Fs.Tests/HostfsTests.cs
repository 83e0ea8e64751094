using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Hostfs;
using Dragonet.Platform.Linux.HostFiles;
using Dragonet.Vfs;
using Xunit;

namespace Dragonet.Fs.Tests;

public sealed class HostfsTests : IDisposable
{
    private readonly TemporaryDirectory _host = new();
    private long _now = 1;

    public void Dispose() => _host.Dispose();

    [Fact]
    public void FilesOfTheHostAreReadAndWritten()
    {
        _host.Write("f", "hello");
        _host.Mkdir("d");
        _host.Link("l", "d/../f");
        var world = Make(new HostfsOptions());
        Assert.Equal("hello", world.Read("/l"));
        Assert.Equal(["d", "f", "l"], world.List("/"));
        world.Write("/d/new", "n");
        Assert.Equal("n", _host.Read("d/new"));
        Assert.Equal(0x1A4u, world.Find("/d/new").Value.Inode.Mode & 0x1FF);
        Assert.Equal(Errno.ENOTEMPTY, world.Rmdir("/d"));
        Assert.Equal(Errno.OK, world.Rename("/d/new", "/f"));
        Assert.Equal("n", world.Read("/f"));
        Assert.Equal(Errno.OK, world.Rmdir("/d"));
        _host.Write("f", "other");
        Assert.Equal("other", world.Read("/f"));
        Assert.Equal(5, world.Find("/f").Value.Inode.GetAttributes().Value.Size);
    }

    [Fact]
    public void LinksNeverLeaveTheTree()
    {
        _host.Link("out", "/etc");
        _host.Link("up", "../../../../../etc");
        var world = Make(new HostfsOptions());
        Assert.Equal(Errno.ENOENT, world.Find("/out/passwd").Error);
        Assert.Equal(Errno.ENOENT, world.Find("/up/passwd").Error);
        var directory = _host.Open();
        Assert.Equal(Errno.EINVAL, directory.GetAttributes("..", out _));
        Assert.Equal(Errno.EINVAL, directory.OpenDirectory("a/b").Error);
        Assert.NotEqual(Errno.OK, directory.OpenDirectory("out").Error);
        Assert.NotEqual(Errno.OK, directory.OpenFile("out", Platform.HostOpenMode.Read).Error);
        directory.Dispose();
        Assert.Equal(Errno.EBADF, directory.GetAttributes("", out _));
    }

    [Fact]
    public void CachesLastAsLongAsTheySay()
    {
        _host.Write("f", "1");
        var world = Make(new HostfsOptions { CacheTime = 1000 });
        Assert.Equal(Errno.ENOENT, world.Find("/g").Error);
        Assert.Equal(1, world.Find("/f").Value.Inode.GetAttributes().Value.Size);
        _host.Write("f", "22");
        _host.Write("g", "");
        Assert.Equal(1, world.Find("/f").Value.Inode.GetAttributes().Value.Size);
        Assert.Equal(Errno.ENOENT, world.Find("/g").Error);
        _now += 2000;
        Assert.Equal(2, world.Find("/f").Value.Inode.GetAttributes().Value.Size);
        Assert.Equal(Errno.OK, world.Find("/g").Error);
    }

    [Fact]
    public void UnlinkedFilesStayReadable()
    {
        _host.Write("f", "still");
        var world = Make(new HostfsOptions());
        var file = world.Open("/f").Value;
        Assert.Equal(Errno.OK, world.Unlink("/f"));
        var buffer = new byte[5];
        Assert.Equal(5, file.ReadAt(world.Caller, buffer, 0).Value);
        Assert.Equal(0u, file.GetAttributes().Value.Links);
        file.Release();
    }

    [Fact]
    public void AppendIsAtTheEnd()
    {
        _host.Write("f", "a");
        var world = Make(new HostfsOptions());
        var one = world.Open("/f", OpenFlags.O_WRONLY | OpenFlags.O_APPEND).Value;
        var two = world.Open("/f", OpenFlags.O_WRONLY | OpenFlags.O_APPEND).Value;
        _ = one.Write(world.Caller, "b"u8);
        _ = two.Write(world.Caller, "c"u8);
        _ = one.Write(world.Caller, "d"u8);
        one.Release();
        two.Release();
        Assert.Equal("abcd", _host.Read("f"));
    }

    [Fact]
    public void WhatOthersMayNotReadIsRefused()
    {
        _host.Write("secret", "s");
        System.IO.File.SetUnixFileMode(System.IO.Path.Combine(_host.Path, "secret"), System.IO.UnixFileMode.UserRead | System.IO.UnixFileMode.UserWrite);
        System.IO.File.SetUnixFileMode(_host.Path, (System.IO.UnixFileMode)0x1ED);
        var world = Make(new HostfsOptions { WorldReadableOnly = true, ReadOnly = true });
        Assert.Equal(Errno.EACCES, world.Open("/secret").Error);
        Assert.Equal(Errno.EROFS, world.Open("/new", OpenFlags.O_CREAT | OpenFlags.O_RDWR).Error);
    }

    private World Make(HostfsOptions options)
        => new(vfs => HostfsFileSystem.Open(vfs, () => _now, _host.Open(), options with { MapOwner = true }, HostDirectories.Identity).Value);
}
