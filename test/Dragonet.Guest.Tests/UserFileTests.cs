using System.Collections.Concurrent;
using System.IO;
using System.Text;
using Dragonet.Abi;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>File systems written in C#, used by real programs.</summary>
public sealed class UserFileTests
{
    [Fact]
    public void A_read_only_tree_can_be_listed_read_searched_and_executed()
    {
        var root = new Folder(writable: false)
        {
            ["hello"] = new MemoryFile("hello, world\n"),
            ["sub"] = new Folder(writable: false) { ["deep ü"] = new MemoryFile("needle\n") },
            ["link"] = new UserLink("sub/deep ü"),
            ["script"] = new MemoryFile("#!/bin/sh\necho ran $1\n") { Mode = (UnixFileMode)0x1ed },
        };
        Assert.Equal("""
            hello  link  script  sub
            hello, world
            needle
            /u/sub/deep ü:needle
            ran here
            -r--r--r-- 1 0 0 13 /u/hello
            dr-xr-xr-x /u/sub
            6
            touch: cannot touch '/u/new': Read-only file system
            cat: /u/missing: No such file or directory

            """, Run(root, "ls -C /u; cat /u/hello /u/link; grep -r needle /u; /u/script here; stat -c '%A %h %u %g %s %n' /u/hello; stat -c '%A %n' /u/sub; "
                + "find /u | wc -l; touch /u/new; cat /u/missing"));
    }

    [Fact]
    public void A_writable_tree_takes_files_directories_renames_and_removals()
    {
        var root = new Folder(writable: true);
        Assert.Equal("""
            one
            two
            b
            longer
            lo
            d is not empty
            x

            """, Run(root, "cd /u; echo one > a; echo two >> a; cat a; mv a b; ls; echo longer > b; cat b; truncate -s 2 b; cat b; echo; mkdir d; mv b d/x; "
                + "rmdir d 2>/dev/null || echo d is not empty; ls d; rm d/x; rmdir d; ln -s nowhere l; rm l"));
        Assert.Empty(root.List());
    }

    [Fact]
    public void What_CSharp_changes_guests_see_at_once()
    {
        var root = new Folder(writable: false);
        using var kernel = DragonetKernel.Boot();
        kernel.Mount("/u", root);
        Assert.Equal("no\n", Shell(kernel, "test -e /u/file && echo yes || echo no"));
        root["file"] = new MemoryFile("1");
        Assert.Equal("1", Shell(kernel, "cat /u/file"));
        root["file"] = new MemoryFile("22");
        Assert.Equal("22", Shell(kernel, "cat /u/file"));
        Assert.True(root.TryRemove("file"));
        Assert.Equal("no\n", Shell(kernel, "test -e /u/file && echo yes || echo no"));
    }

    [Fact]
    public void An_exception_is_EIO_with_a_report_and_the_kernel_goes_on()
    {
        var reports = new ConcurrentQueue<string>();
        var root = new Folder(writable: false) { ["bad"] = new BrokenFile(() => throw new InvalidOperationException("a bug")), ["gone"] = new BrokenFile(() => throw new FileNotFoundException()) };
        root["busy"] = new BrokenFile(() => throw new UserFileException(Errno.EBUSY));
        using var kernel = DragonetKernel.Boot(new KernelOptions { OopsReport = reports.Enqueue });
        kernel.Mount("/u", root);
        Assert.Equal("cat: /u/bad: Input/output error\ncat: /u/gone: No such file or directory\ncat: /u/busy: Device or resource busy\nalive\n",
            Shell(kernel, "cat /u/bad; cat /u/gone; cat /u/busy; echo alive"));
        Assert.StartsWith("the file system at /u failed: InvalidOperationException: a bug", Assert.Single(reports), StringComparison.Ordinal);
    }

    [Fact]
    public void Permissions_are_checked_by_the_kernel()
    {
        var root = new Folder(writable: false) { ["secret"] = new MemoryFile("x") { Mode = UnixFileMode.UserRead } };
        Assert.Equal("xcat: /u/secret: Permission denied\n", Run(root, "cat /u/secret; setpriv --reuid 65534 --clear-groups cat /u/secret"));
    }

    [Fact]
    public void A_read_only_mount_refuses_what_the_tree_would_allow()
    {
        using var kernel = DragonetKernel.Boot();
        kernel.Mount("/u", new Folder(writable: true), readOnly: true);
        Assert.Equal("touch: cannot touch '/u/d': Read-only file system\n", Shell(kernel, "touch /u/d"));
    }

    private static string Run(Folder root, string script)
    {
        using var kernel = DragonetKernel.Boot();
        kernel.Mount("/u", root);
        return Shell(kernel, script);
    }

    private static string Shell(DragonetKernel kernel, string script)
    {
        using var process = kernel.Start(new ProgramOptions
        {
            Arguments = ["sh", "-c", $"exec 2>&1; {script}"], Output = GuestStream.Pipe, Timeout = TimeSpan.FromMinutes(1),
            Environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin", ["LC_ALL"] = "C.UTF-8" },
        });
        using var output = new StreamReader(process.StandardOutput);
        var text = output.ReadToEnd();
        _ = process.Wait();
        return text;
    }

    private sealed class Folder(bool writable) : UserDirectory
    {
        private readonly ConcurrentDictionary<string, UserNode> _nodes = [];

        public UserNode this[string name]
        {
            set => _nodes[name] = value;
        }

        public bool TryRemove(string name) => _nodes.TryRemove(name, out _);

        public override UnixFileMode Permissions => writable ? (UnixFileMode)0x1ff : base.Permissions;

        public override IEnumerable<KeyValuePair<string, UserNode>> List() => _nodes.OrderBy(node => node.Key, StringComparer.Ordinal);

        public override UserFile CreateFile(string name, UnixFileMode permissions)
            => writable ? (UserFile)(_nodes[name] = new MemoryFile("") { Mode = permissions }) : base.CreateFile(name, permissions);

        public override UserDirectory CreateDirectory(string name, UnixFileMode permissions)
            => writable ? (UserDirectory)(_nodes[name] = new Folder(writable: true)) : base.CreateDirectory(name, permissions);

        public override UserLink CreateLink(string name, string target) => (UserLink)(_nodes[name] = new UserLink(target));

        public override void Remove(string name) => _nodes.TryRemove(name, out _);

        public override void Rename(string name, UserDirectory newDirectory, string newName)
        {
            if (_nodes.TryRemove(name, out var node))
            {
                ((Folder)newDirectory)[newName] = node;
            }
        }
    }

    private sealed class MemoryFile(string text) : UserFile
    {
        private readonly Lock _lock = new();
        private byte[] _bytes = Encoding.UTF8.GetBytes(text); // guarded by _lock

        public UnixFileMode Mode { get; init; } = (UnixFileMode)0x124;

        public override UnixFileMode Permissions => Mode;

        public override long Length
        {
            get
            {
                lock (_lock)
                {
                    return _bytes.Length;
                }
            }
        }

        public override int Read(long offset, Span<byte> destination)
        {
            lock (_lock)
            {
                var rest = _bytes.AsSpan((int)Math.Min(offset, _bytes.Length));
                var count = Math.Min(rest.Length, destination.Length);
                rest[..count].CopyTo(destination);
                return count;
            }
        }

        public override void Write(long offset, ReadOnlySpan<byte> source)
        {
            lock (_lock)
            {
                Array.Resize(ref _bytes, (int)Math.Max(_bytes.Length, offset + source.Length));
                source.CopyTo(_bytes.AsSpan((int)offset));
            }
        }

        public override void SetLength(long length)
        {
            lock (_lock)
            {
                Array.Resize(ref _bytes, (int)length);
            }
        }
    }

    private sealed class BrokenFile(Action fail) : UserFile
    {
        public override long Length => 1;

        public override int Read(long offset, Span<byte> destination)
        {
            fail();
            return 0;
        }
    }
}
