using System.Formats.Tar;
using System.IO;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Dragonet.Templates;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>Templates: archives become trees that jails share, and hostile ones become nothing.</summary>
public sealed class TemplateTests : IDisposable
{
    private readonly string _place = Directory.CreateTempSubdirectory("templates").FullName;
    private readonly TemplateStore _store;

    public TemplateTests() => _store = new TemplateStore(Path.Combine(_place, "store"));

    public void Dispose() => Directory.Delete(_place, recursive: true);

    [Fact]
    public void N6_jails_share_a_template_with_its_owners_and_change_it_each_for_itself()
    {
        var archive = Tar(
            File("bin/tool", "#!/bin/sh\n", 0x9ed, uid: 0),
            File("home/joe/note", "mine\n", 0x180, uid: 1000),
            new PaxTarEntry(TarEntryType.SymbolicLink, "etc/link") { LinkName = "/etc/real" },
            File("etc/real", "real\n"),
            new PaxTarEntry(TarEntryType.HardLink, "etc/second") { LinkName = "etc/real" },
            new PaxTarEntry(TarEntryType.Directory, "proc/"), new PaxTarEntry(TarEntryType.CharacterDevice, "dev/null"));
        _ = _store.Import(Write("base.tar.gz", archive, gzip: true), "base");
        Assert.False(System.IO.File.Exists(Path.Combine(_store.Trees, "base/dev/null")));
        Assert.Equal((UnixFileMode)0, System.IO.File.GetUnixFileMode(Path.Combine(_store.Trees, "base/bin/tool")) & UnixFileMode.SetUser);
        HostTool.CopyPrograms(Path.Combine(_store.Trees, "base"), "/bin/sh", "/bin/cat", "/usr/bin/stat");
        using var kernel = DragonetKernel.Boot(new KernelOptions { Templates = _store.Trees });
        using var a = kernel.Jails.Create(new JailOptions { Name = "a", Path = "/templates/base", Overlay = true });
        using var b = kernel.Jails.Create(new JailOptions { Name = "b", Path = "/templates/base", Overlay = true });
        Assert.Equal("4755 0\n600 1000\nmine\nreal\nreal\n", Run(a, "stat -c '%a %u' /bin/tool /home/joe/note; cat /home/joe/note /etc/link /etc/second"));
        Assert.Equal("changed\n", Run(a, "echo changed >/etc/real; cat /etc/link"));
        Assert.Equal("real\n", Run(b, "cat /etc/link"));
        Assert.Equal("real\n", System.IO.File.ReadAllText(Path.Combine(_store.Trees, "base/etc/real")));
        Assert.Equal("", Run(a, "cat /home/joe/note", "65534"));
    }

    [Theory]
    [InlineData("../outside", "\"..\" is in a name")]
    [InlineData("a/../../outside", "\"..\" is in a name")]
    public void A_name_that_climbs_is_refused(string name, string message) => Refused(message, File(name, "x"));

    [Fact]
    public void Absolute_names_and_links_stay_inside()
    {
        var outside = Path.Combine(_place, "outside");
        _ = Directory.CreateDirectory(outside);
        _ = _store.Import(Write("x.tar", Tar(
            File("/etc/absolute", "x"),
            new PaxTarEntry(TarEntryType.SymbolicLink, "up") { LinkName = "../../../.." },
            new PaxTarEntry(TarEntryType.SymbolicLink, "out") { LinkName = outside },
            File("out/file", "x"), File("up/climbed", "x"))), "x");
        Assert.Empty(Directory.GetFileSystemEntries(outside));
        Assert.True(System.IO.File.Exists(Path.Combine(_store.Trees, "x/etc/absolute")));
        Assert.True(System.IO.File.Exists(Path.Combine(_store.Trees, "x/climbed")));
        Assert.True(System.IO.File.Exists(Path.Combine(_store.Trees, "x" + outside + "/file")));
    }

    [Fact]
    public void Hard_links_lead_to_files_of_the_archive_only()
    {
        Refused("no file of the archive", new PaxTarEntry(TarEntryType.HardLink, "shadow") { LinkName = "/etc/passwd" });
        Refused("\"..\" is in a name", new PaxTarEntry(TarEntryType.HardLink, "shadow") { LinkName = "../../../../etc/passwd" });
        Refused("no file of the archive", new PaxTarEntry(TarEntryType.SymbolicLink, "s") { LinkName = "/etc/passwd" }, new PaxTarEntry(TarEntryType.HardLink, "h") { LinkName = "s" });
        Refused("no file of the archive", new PaxTarEntry(TarEntryType.Directory, "d/"), new PaxTarEntry(TarEntryType.HardLink, "h") { LinkName = "d" });
        Refused("circle", new PaxTarEntry(TarEntryType.SymbolicLink, "a") { LinkName = "b" }, new PaxTarEntry(TarEntryType.SymbolicLink, "b") { LinkName = "a" }, File("a/x", "x"));
        Refused("is a file, not a directory", File("a", "x"), File("a/b", "x"));
    }

    [Fact]
    public void Bombs_and_damage_are_told_in_a_line()
    {
        Refused("more than 1 MiB", File("big", new string('x', 2 << 20)));
        Refused("more than 1 MiB", File("a", new string('x', 700_000)), File("b", new string('x', 700_000)));
        var good = Tar(File("a", new string('x', 100_000)));
        Fails("the archive ends", good[..5000]);
        Fails("damaged", [.. Enumerable.Repeat((byte)'x', 5000)]);
        var sparse = new PaxTarEntry(TarEntryType.RegularFile, "s", [new("GNU.sparse.major", "1"), new("GNU.sparse.realsize", "1099511627776")]) { DataStream = new MemoryStream([1]) };
        Refused("sparse", sparse);
        var random = new Random(20261121);
        for (var round = 0; round < 200; round++)
        {
            var bytes = (byte[])good.Clone();
            for (var i = 0; i < 5; i++)
            {
                bytes[random.Next(1024)] ^= (byte)random.Next(256);
            }

            try
            {
                using var archive = new MemoryStream(bytes);
                _ = _store.Import(archive, "fuzz", "fuzz", new TreeLimits(1 << 20));
                _store.Remove("fuzz");
            }
            catch (TemplateException)
            {
                // That is the promise: nothing else, and nothing left.
            }
        }

        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_place, "store/unfinished")));
    }

    [Fact]
    public void Layers_of_an_OCI_image_hide_what_is_below()
    {
        var first = Tar(File("etc/keep", "1"), File("etc/gone", "1"), File("old/a", "1"), File("old/b", "1"));
        var second = Tar(File("etc/.wh.gone", ""), File("old/.wh..wh..opq", ""), File("old/new", "2"), File("etc/keep", "2"));
        byte[] compressed;
        using (var memory = new MemoryStream())
        {
            using (var zip = new GZipStream(memory, CompressionLevel.Fastest))
            {
                zip.Write(second);
            }

            compressed = memory.ToArray();
        }

        var layout = Path.Combine(_place, "layout");
        string Blob(byte[] bytes)
        {
            var digest = Convert.ToHexStringLower(SHA256.HashData(bytes));
            _ = Directory.CreateDirectory(Path.Combine(layout, "blobs/sha256"));
            System.IO.File.WriteAllBytes(Path.Combine(layout, "blobs/sha256", digest), bytes);
            return "{\"digest\":\"sha256:" + digest + "\"}";
        }

        var manifest = Blob(Encoding.UTF8.GetBytes($"{{\"layers\":[{Blob(first)},{Blob(compressed)}]}}"));
        System.IO.File.WriteAllText(Path.Combine(layout, "oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
        System.IO.File.WriteAllText(Path.Combine(layout, "index.json"), $"{{\"manifests\":[{manifest}]}}");
        _ = _store.Import(layout, "image");
        var packed = Path.Combine(_place, "image.tar");
        TarFile.CreateFromDirectory(layout, packed, includeBaseDirectory: false);
        _ = _store.Import(packed, "packed");
        Assert.Empty(_store.Compare("image", "packed"));
        Assert.Equal("2", System.IO.File.ReadAllText(Path.Combine(_store.Trees, "image/etc/keep")));
        Assert.Equal(["keep"], Directory.GetFiles(Path.Combine(_store.Trees, "image/etc")).Select(Path.GetFileName));
        Assert.Equal(["new"], Directory.GetFiles(Path.Combine(_store.Trees, "image/old")).Select(Path.GetFileName));

        var victim = Directory.GetFiles(Path.Combine(layout, "blobs/sha256"))[0];
        System.IO.File.AppendAllText(victim, "x");
        Assert.Contains("the blob is another one", Assert.Throws<TemplateException>(() => _store.Import(layout, "bad")).Message, StringComparison.Ordinal);
        System.IO.File.WriteAllText(Path.Combine(layout, "index.json"), "{\"manifests\":[{\"digest\":\"sha256:../../../etc/passwd\"}]}");
        Assert.Contains("is no digest", Assert.Throws<TemplateException>(() => _store.Import(layout, "bad")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_docker_save_writes_is_read_and_an_export_makes_the_same_again()
    {
        var layer = Tar(File("etc/a", "1", 0x1ed, uid: 5), new PaxTarEntry(TarEntryType.HardLink, "etc/b") { LinkName = "etc/a" }, new PaxTarEntry(TarEntryType.SymbolicLink, "c") { LinkName = "etc/a" });
        var saved = Write("saved.tar", Tar(File("manifest.json", "[{\"Config\":\"c.json\",\"Layers\":[\"1/layer.tar\"]}]"), new PaxTarEntry(TarEntryType.RegularFile, "1/layer.tar") { DataStream = new MemoryStream(layer) }));
        _ = _store.Import(saved, "saved");
        using (var file = System.IO.File.Create(Path.Combine(_place, "out.tar")))
        using (var compressed = new GZipStream(file, CompressionLevel.Fastest))
        {
            _store.Export("saved", compressed);
        }

        _ = _store.Import(Path.Combine(_place, "out.tar"), "again");
        Assert.Empty(_store.Compare("saved", "again"));
        System.IO.File.WriteAllText(Path.Combine(_store.Trees, "again/etc/new"), "x");
        Assert.Equal([('+', "etc/new")], _store.Compare("saved", "again"));
        Assert.Equal(["again", "saved"], _store.List().Select(template => template.Name));
        _store.Remove("again");
        _ = Assert.Throws<TemplateException>(() => _store.Remove("again"));
        Assert.Contains("leads elsewhere", Assert.Throws<TemplateException>(() => _store.Import(
            Write("evil.tar", Tar(File("manifest.json", "[{\"Layers\":[\"l\"]}]"), new PaxTarEntry(TarEntryType.SymbolicLink, "l") { LinkName = saved })), "evil")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_compressed_archive_is_read_by_the_hosts_program()
    {
        HostTool.Require("zstd", "zstd");
        var plain = Write("plain.tar", [.. Tar(File("etc/a", "1"), File("etc/b", new string('x', 200_000))), .. new byte[64 << 10]]); // tar(1) fills the last record
        Assert.Equal(0, HostTool.Run("zstd", ["-q", plain], _place, TimeSpan.FromMinutes(1)).Status);
        Assert.Equal(2, _store.Import(plain + ".zst", "packed").Files - 1);
        _ = _store.Import(plain, "plain");
        Assert.Empty(_store.Compare("plain", "packed"));
        System.IO.File.WriteAllBytes(plain + ".zst", [.. System.IO.File.ReadAllBytes(plain + ".zst")[..40]]);
        _ = Assert.Throws<TemplateException>(() => _store.Import(plain + ".zst", "cut"));
        Assert.Equal("no", Assert.Throws<TemplateException>(() => _store.Import(new MemoryStream(Tar(File("a", "1"))), "test", "refused", finish: () => "no")).Message);
        Assert.Equal(2, _store.List().Count);
    }

    private void Refused(string message, params TarEntry[] entries) => Fails(message, Tar(entries));

    private void Fails(string message, byte[] bytes)
    {
        using var archive = new MemoryStream(bytes);
        var failure = Assert.Throws<TemplateException>(() => _store.Import(archive, "test", "bad", new TreeLimits(1 << 20)));
        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
        Assert.Empty(_store.List());
    }

    private static PaxTarEntry File(string name, string text, int mode = 0x1a4, int uid = 0)
        => new(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)), Mode = (UnixFileMode)mode, Uid = uid };

    private static byte[] Tar(params TarEntry[] entries)
    {
        using var memory = new MemoryStream();
        using (var writer = new TarWriter(memory, leaveOpen: true))
        {
            Array.ForEach(entries, writer.WriteEntry);
        }

        return memory.ToArray();
    }

    private string Write(string name, byte[] bytes, bool gzip = false)
    {
        var path = Path.Combine(_place, name);
        using Stream file = System.IO.File.Create(path);
        using var archive = gzip ? new GZipStream(file, CompressionLevel.Fastest) : file;
        archive.Write(bytes);
        return path;
    }

    private static string Run(GuestJail jail, string script, string? user = null)
    {
        using var process = jail.Start(new ProgramOptions { Arguments = ["/bin/sh", "-c", script], User = user, Output = GuestStream.Pipe, Error = GuestStream.Pipe });
        using var output = new StreamReader(process.StandardOutput);
        var text = output.ReadToEnd();
        _ = process.Wait();
        return text;
    }
}
