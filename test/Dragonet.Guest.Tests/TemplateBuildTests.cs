using System.Diagnostics;
using System.IO;
using Dragonet.Templates;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>A template made of packages by debootstrap(8), from a repository that is a directory here: test/guest/repository.sh makes it.</summary>
public sealed class TemplateBuildTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);

    private readonly string _place = Directory.CreateTempSubdirectory("build").FullName;
    private readonly TemplateStore _store;

    public TemplateBuildTests()
    {
        HostTool.Require("dpkg-deb", "dpkg");
        Assert.SkipUnless(File.Exists("/usr/sbin/debootstrap"), "debootstrap is missing: install the package debootstrap");
        _store = new TemplateStore(Path.Combine(_place, "store"));
        var made = HostTool.Run("sh", [Path.Combine(Repository.Root, "test", "guest", "repository.sh"), Packages, "bookworm"], "/", s_limit);
        Assert.True(made.Status == 0, made.Output + made.Error);
    }

    private string Packages => Path.Combine(_place, "packages");

    private string[] Good => ["--mirror", "file:" + Packages, "--keyring", "none", "debian:bookworm"];

    public void Dispose() => Directory.Delete(_place, recursive: true);

    [Fact]
    public void Packages_become_a_template_that_jails_run()
    {
        var built = Build([.. Good, "small"]);
        Assert.True(built.Status == 0, built.Error);
        Assert.Contains("small: ", built.Output, StringComparison.Ordinal);
        Assert.Contains("I: Extracting dpkg...\n", built.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', built.Error);
        using var kernel = DragonetKernel.Boot(new KernelOptions { Templates = _store.Trees });
        using var jail = kernel.Jails.Create(new JailOptions { Name = "a", Path = "/templates/small", Overlay = true });
        using var process = jail.Start(new ProgramOptions { Arguments = ["sh", "-c", "cat /etc/debian_version /usr/share/marks/apt; dpkg -s apt | mawk '/^Status/'"], Output = GuestStream.Pipe, Error = GuestStream.Null });
        using var output = new StreamReader(process.StandardOutput);
        Assert.Equal("a small one\nhere\nStatus: install ok installed\n", output.ReadToEnd());
        Assert.Contains("exists already", Fail([.. Good, "small"]), StringComparison.Ordinal);
    }

    [Fact]
    public void On_a_terminal_progress_is_one_line_that_changes()
    {
        var script = Path.Combine(_place, "script");
        File.WriteAllText(script, "expect \\r\\033[KI: Extracting dpkg\nexpect \\r\\033[KI: Base system installed\nexpect \\r\\033[Kseen: \nexit 0\n");
        var outcome = HostTool.Run(GuestPrograms.Build("ptydrive"), [script, Command.Path, "template", "build", .. Good, "seen"], "/", s_limit, Variables());
        Assert.True(outcome.Status == 0, outcome.Output + outcome.Error);
    }

    [Fact]
    public void What_cannot_be_built_is_said_in_a_line_and_leaves_nothing()
    {
        Assert.Contains("knows no suite 'nosuch'", Fail("debian:nosuch", "x"), StringComparison.Ordinal);
        Assert.Contains("Failed getting release file", Fail("--mirror", "file:" + Packages, "--keyring", "none", "debian:sid", "x"), StringComparison.Ordinal);
        Assert.Contains("elease", Fail("--mirror", "file:" + Packages, "debian:bookworm", "x"), StringComparison.Ordinal); // not signed
        Assert.Contains("no such file", Fail("--mirror", "file:/nowhere", "debian:bookworm", "x"), StringComparison.Ordinal);
        Assert.Contains("--mirror gopher://x", Fail("--mirror", "gopher://x", "debian:bookworm", "x"), StringComparison.Ordinal);
        Assert.Contains("no source of nowhere", Fail("nowhere:bookworm", "x"), StringComparison.Ordinal);
        Assert.Contains("build what?", Fail("debian", "x"), StringComparison.Ordinal);
        Assert.Contains("--keyring", Fail("--mirror", "file:" + Packages, "--keyring", "/nowhere", "debian:bookworm", "x"), StringComparison.Ordinal);
        File.Delete(Path.Combine(Packages, "pool", $"mawk_1.0_{File.ReadAllLines(Path.Combine(Packages, "dists/bookworm/Release")).First(line => line.StartsWith("Architectures: ", StringComparison.Ordinal))[15..]}.deb"));
        Assert.Contains("mawk", Fail([.. Good, "x"]), StringComparison.Ordinal);
        Assert.Empty(_store.List());
    }

    [Fact]
    public void Without_debootstrap_it_says_so()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "hides a program of the host, which needs root");
        var hidden = HostTool.Run("unshare", ["-m", "sh", "-c", "mount -t tmpfs none /usr/sbin && exec \"$@\"", "sh", Command.Path, "template", "build", .. Good, "x"], "/", s_limit, Variables());
        Assert.SkipWhen(hidden.Error.Contains("unshare", StringComparison.Ordinal), "no mount namespaces: " + hidden.Error);
        Assert.Equal("dragonet: template: debootstrap is not installed on this machine, and builds are its work\n", hidden.Error);
    }

    [Theory]
    [InlineData("-INT")]
    [InlineData("-TERM")]
    [InlineData("-KILL")]
    public void An_interrupted_build_leaves_nothing(string signal)
    {
        var start = new ProcessStartInfo(Command.Path, ["template", "build", .. Good, "gone"]) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["DRAGONET_TEMPLATES"] = _store.Trees[..^"/trees".Length];
        using var build = Process.Start(start)!;
        while (build.StandardError.ReadLine() is { } line && !line.Contains("Extracting", StringComparison.Ordinal))
        {
            // It has begun when it says so.
        }

        Assert.NotEmpty(Unfinished());
        Assert.Equal(0, HostTool.Run("kill", [signal, $"{build.Id}"], "/", s_limit).Status);
        var last = build.StandardError.ReadToEnd();
        Assert.True(build.WaitForExit(s_limit), "it does not end");
        if (signal != "-KILL")
        {
            Assert.Equal(130, build.ExitCode);
            Assert.EndsWith("dragonet: template: interrupted: there is no template 'gone'\n", last, StringComparison.Ordinal);
            Assert.Empty(Unfinished());
        }

        // Whoever comes next cleans up behind one that could not.
        _store.Make();
        Assert.Empty(Unfinished());
        Assert.Empty(_store.List());
    }

    private string[] Unfinished() => Directory.GetFileSystemEntries(Path.Combine(_place, "store", "unfinished"));

    private string Fail(params string[] arguments)
    {
        var outcome = Build(arguments);
        Assert.True(outcome.Status == 125, $"{string.Join(' ', arguments)}: {outcome.Status} {outcome.Error}");
        var lines = outcome.Error.TrimEnd('\n').Split('\n');
        Assert.Single(lines, line => line.StartsWith("dragonet: ", StringComparison.Ordinal));
        Assert.Empty(Directory.Exists(Path.Combine(_place, "store", "unfinished")) ? Unfinished() : []);
        return lines[^1];
    }

    private ProgramOutcome Build(params string[] arguments) => HostTool.Run(Command.Path, ["template", "build", .. arguments], "/", s_limit, Variables());

    private Dictionary<string, string> Variables() => new()
    {
        ["DRAGONET_TEMPLATES"] = Path.Combine(_place, "store"),
        ["TERM"] = "xterm",
        ["DOTNET_ROOT"] = Environment.GetEnvironmentVariable("DOTNET_ROOT") ?? "",
        ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "",
        ["HOME"] = _place,
    };
}
