using System.Text;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Tmpfs;
using Dragonet.Vfs;
using Xunit;

namespace Dragonet.Fs.Tests;

/// <summary>A VFS with a root, and short words for what tests do with it.</summary>
internal sealed class World
{
    private long _time = 1_000_000_000;

    public World(TmpfsOptions? options = null)
        : this(vfs => new TmpfsFileSystem(vfs, FakeMemory.Create, options ?? new TmpfsOptions { Mode = 0x1ED }))
    {
    }

    public World(Func<VirtualFileSystem, FileSystem> root)
    {
        Vfs = new VirtualFileSystem(() => _time++);
        Root = root(Vfs);
        Space = new MountNamespace(Vfs, new MountSource(Root), MountFlags.None, "none");
        Caller = new FakeCaller(Credentials.Root);
    }

    public VirtualFileSystem Vfs { get; }

    public FileSystem Root { get; }

    public MountNamespace Space { get; }

    public FakeCaller Caller { get; set; }

    public WalkContext Context => new(Caller, Space.Root, Space.Root);

    public Result<VfsPath> Find(string path, WalkFlags flags = WalkFlags.Follow) => Vfs.Lookup(Context, path, flags);

    public Result<OpenFile> Open(string path, OpenFlags flags = OpenFlags.O_RDONLY, uint mode = 0x1A4) => Vfs.Open(Context, path, new OpenRequest(flags, mode));

    public void Mkdir(string path, uint mode = 0x1ED) => Assert.Equal(Errno.OK, Vfs.MakeDirectory(Context, path, mode));

    public Errno Rename(string from, string to, RenameFlags flags = RenameFlags.None) => Vfs.Rename(Context, from, Context, to, flags);

    public Errno Unlink(string path) => Vfs.Unlink(Context, path, directory: false);

    public Errno Rmdir(string path) => Vfs.Unlink(Context, path, directory: true);

    public void Write(string path, string text)
    {
        var file = Open(path, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_TRUNC);
        Assert.Equal(Errno.OK, file.Error);
        Assert.Equal(text.Length, file.Value.Write(Caller, Encoding.Latin1.GetBytes(text)).Value);
        file.Value.Release();
    }

    public string Read(string path)
    {
        var file = Open(path);
        Assert.Equal(Errno.OK, file.Error);
        var buffer = new byte[65536];
        var count = file.Value.Read(Caller, buffer);
        file.Value.Release();
        Assert.Equal(Errno.OK, count.Error);
        return Encoding.Latin1.GetString(buffer, 0, count.Value);
    }

    public IReadOnlyList<string> List(string path)
    {
        var file = Open(path, OpenFlags.O_DIRECTORY);
        Assert.Equal(Errno.OK, file.Error);
        var names = new List<string>();
        var sink = new ListSink(names, 3);
        while (file.Value.ReadDirectory(Caller, sink) is { IsOk: true, Value: > 0 })
        {
            sink.Reset();
        }

        file.Value.Release();
        _ = names.Remove(".");
        _ = names.Remove("..");
        names.Sort(StringComparer.Ordinal);
        return names;
    }

    public ulong Number(string path) => Find(path, WalkFlags.None).Value.Inode.GetAttributes().Value.Number;
}
