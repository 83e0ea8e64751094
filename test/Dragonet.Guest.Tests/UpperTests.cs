using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>`run --upper DIR`: what guests change is there again in the next kernel.</summary>
public sealed class UpperTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dragonet-upper-").FullName;

    private string Upper => Path.Combine(_directory, "changes");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Files_owners_modes_and_links_survive_a_restart()
    {
        _ = Run("cd /root; mkdir -p a/b; echo text > a/b/f; chown 1000:100 a/b/f; chmod 640 a/b/f; ln -s a/b/f s; ln a/b/f h; mkfifo p; touch -d @1000000000 a");
        Assert.Equal("640 1000 100 regular file a/b/f\n777 0 0 symbolic link s\n640 1000 100 regular file h\n644 0 0 fifo p\ntext\n1000000000\n",
            Run("cd /root; stat -c '%a %u %g %F %n' a/b/f s h p; cat s; stat -c %Y a"));
    }

    [Fact]
    public void What_was_removed_stays_removed()
    {
        _ = Run("rm -r /etc/passwd /usr/share/perl5; rm /etc/hostname; echo new > /etc/hostname");
        Assert.Equal("no\nno\nnew\nfine\n", Run("test -e /etc/passwd || echo no; ls /usr/share | grep -qx perl5 || echo no; cat /etc/hostname; test -e /etc/group && echo fine"));
        Assert.True(File.Exists("/etc/passwd"));
    }

    [Fact]
    public void A_replaced_directory_shows_nothing_of_the_old_one()
    {
        _ = Run("rm -r /etc/default; mkdir /etc/default; touch /etc/default/mine");
        Assert.Equal("mine\n", Run("ls -A /etc/default"));
    }

    [Fact]
    public void A_renamed_directory_keeps_its_lower_files()
    {
        var before = Run("ls /usr/share/base-files | sort");
        _ = Run("mv /usr/share/base-files /usr/share/moved");
        Assert.Equal(before + "gone\n", Run("ls /usr/share/moved | sort; test -e /usr/share/base-files || echo gone"));
    }

    [Fact]
    public void A_root_of_ones_own_is_left_alone()
    {
        var root = Directory.CreateDirectory(Path.Combine(_directory, "root")).FullName;
        foreach (var directory in (string[])["usr", "etc"])
        {
            _ = Directory.CreateDirectory(Path.Combine(root, directory));
        }

        File.WriteAllText(Path.Combine(root, "etc/keep"), "lower");
        using (var kernel = DragonetKernel.Boot(new KernelOptions { Root = root, Upper = Upper }))
        {
            kernel.Mount("/etc/made/here", new Nothing());
        }

        using (var kernel = DragonetKernel.Boot(new KernelOptions { Root = root, Upper = Upper }))
        {
            Assert.Equal(["keep"], Directory.EnumerateFileSystemEntries(Path.Combine(root, "etc")).Select(Path.GetFileName));
        }

        Assert.True(Directory.Exists(Path.Combine(Upper, "root/upper/etc/made/here")));
    }

    [Fact]
    public void It_belongs_to_one_kernel_at_a_time()
    {
        using (DragonetKernel.Boot(new KernelOptions { Upper = Upper }))
        {
            var failure = Assert.Throws<DragonetException>(() => DragonetKernel.Boot(new KernelOptions { Upper = Upper }));
            Assert.Contains("in use by another kernel", failure.Message, StringComparison.Ordinal);
        }

        DragonetKernel.Boot(new KernelOptions { Upper = Upper }).Dispose();
    }

    [Fact]
    public void A_file_system_without_attributes_is_refused_in_one_line()
    {
        var outcome = Command.Run(["--upper", "/proc/nothing", "--", "true"], TimeSpan.FromMinutes(1));
        Assert.Equal(125, outcome.Status);
        Assert.StartsWith("dragonet: /proc/nothing cannot keep the changes: ", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(outcome.Error.Length - 1, outcome.Error.IndexOf('\n', StringComparison.Ordinal));
    }

    private string Run(string script)
    {
        var outcome = Command.Run(["--upper", Upper, "--", "sh", "-c", script], TimeSpan.FromMinutes(1));
        Assert.Equal("", outcome.Error);
        Assert.Equal(0, outcome.Status);
        return outcome.Output;
    }

    private sealed class Nothing : UserDirectory
    {
        public override IEnumerable<KeyValuePair<string, UserNode>> List() => [];
    }
}
