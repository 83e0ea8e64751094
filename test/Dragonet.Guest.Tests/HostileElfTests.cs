using System.IO;
using System.Text;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>
/// Damaged programs, executed one after the other on the host and in one kernel. The kernel must not mind any; where the host says an
/// errno, ours is the same; what runs to its end there does so here. (Where the host kills the program after the point of no return,
/// we may still answer an errno, since nothing is lost before.)
/// </summary>
[Collection(typeof(AloneCollection))]
public sealed class HostileElfTests
{
    private const ulong Seed = 20260512;

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);

    // As small as they get, so that thousands of copies are made in no time.
    private const string Static = "void _start(void) { __asm__ volatile(\"syscall\" : : \"a\"(60), \"D\"(0)); }";
    private const string Interpreter = Static;
    private const string Dynamic = "int main(void) { return 0; }";

    [Theory]
    [InlineData("static", 1000)]
    [InlineData("dynamic", 600)]
    [InlineData("interpreter", 600)]
    public void Damaged_programs_do_no_harm(string kind, int count)
    {
        var place = Directory.CreateTempSubdirectory("dragonet-elf-");
        try
        {
            Open(place);
            var mutants = place.CreateSubdirectory("mutants");
            Open(mutants);
            var sound = Path.Combine(place.FullName, "sound");
            var link = Path.Combine(place.FullName, "interpreter");
            var program = Path.Combine(place.FullName, "program");
            if (kind == "dynamic")
            {
                Compile(place, Dynamic, sound);
            }
            else
            {
                Compile(place, kind == "static" ? Static : Interpreter, sound, "-static-pie", "-fPIE", "-nostdlib", "-Wl,-z,noseparate-code", "-Wl,-z,max-page-size=4096");
                Compile(place, Dynamic, program, $"-Wl,--dynamic-linker={link}");
            }

            _ = HostTool.Run(GuestPrograms.Build("mutate_elf"), [sound, mutants.FullName, $"{count}", $"{Seed}"], place.FullName, s_limit);
            Compare(place, kind == "interpreter" ? [mutants.FullName, link, program] : [mutants.FullName]);
        }
        finally
        {
            place.Delete(recursive: true);
        }
    }

    [Fact]
    public void Handmade_ones_say_what_the_host_says()
    {
        var place = Directory.CreateTempSubdirectory("dragonet-elf-");
        try
        {
            Open(place);
            var files = place.CreateSubdirectory("files");
            Open(files);
            Script("interpreted", "#!/bin/true\n");
            Script("itself", $"#!{files.FullName}/itself\n");
            for (var i = 1; i <= 8; i++)
            {
                // Four levels are followed, not five (execve(2), "Interpreter scripts"; ELOOP).
                Script($"chain{i}", $"#!{(i == 1 ? "/bin/true" : $"{files.FullName}/chain{i - 1}")}\n");
            }

            Script("no-interpreter", "#!\n");
            Script("spaces", "#!   \t \n");
            Script("missing", "#!/none/such\n");
            Script("directory", "#!/\n");
            Script("not-executable", "#!/etc/passwd\n");
            Script("no-newline", "#!/bin/true");
            Script("long-line", "#!" + new string('x', 300) + "\n");
            Script("long-argument", "#!/bin/true " + new string('x', 300) + "\n");
            Script("nul", "#!/bin/tr\0ue\n");
            Script("empty", "");
            Script("text", "echo no\n");
            Script("one-byte", "\u007f");
            Script("magic", "\u007fELF");
            Script("other-magic", "\u007fELG" + new string('\0', 60));
            Compare(place, [files.FullName]);

            void Script(string name, string text)
            {
                var path = Path.Combine(files.FullName, name);
                File.WriteAllBytes(path, Encoding.Latin1.GetBytes(text));
                File.SetUnixFileMode(path, (UnixFileMode)0x1ed); // 0755
            }
        }
        finally
        {
            place.Delete(recursive: true);
        }
    }

    private static void Compare(DirectoryInfo place, string[] arguments)
    {
        var tool = GuestPrograms.Build("try_exec");
        var host = Lines(HostTool.Run(tool, arguments, place.FullName, s_limit));
        var log = new StringBuilder();
        var outcome = GuestRunner.Run(
            new ProgramOptions { Arguments = ["/guest/try_exec", .. arguments] },
            new KernelOptions { Volumes = [new Volume(GuestPrograms.Binaries, "/guest", ReadOnly: true), new Volume(place.FullName, place.FullName, ReadOnly: false)], OopsReport = text => log.AppendLine(text) },
            s_limit);
        var guest = Lines(outcome);
        Assert.Equal("", log.ToString());
        Assert.Equal(host.Keys, guest.Keys);
        var wrong = host.Where(file => (file.Value.StartsWith("errno", StringComparison.Ordinal) || file.Value.StartsWith("exit", StringComparison.Ordinal)) && guest[file.Key] != file.Value)
            .Where(file => !(guest[file.Key] == "errno 1" && file.Value.StartsWith("exit", StringComparison.Ordinal))) // below vm.mmap_min_addr, where only the host's root may map
            .Select(file => $"{file.Key}: {file.Value} on the host, {guest[file.Key]} here");
        Assert.True(!wrong.Any(), string.Join('\n', wrong));
    }

    private static SortedDictionary<string, string> Lines(ProgramOutcome outcome)
    {
        Assert.True(outcome.Status == 0, outcome.Output + outcome.Error);
        return new(outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).ToDictionary(line => line[..line.LastIndexOf(": ", StringComparison.Ordinal)], line => line[(line.LastIndexOf(": ", StringComparison.Ordinal) + 2)..]), StringComparer.Ordinal);
    }

    private static void Compile(DirectoryInfo place, string code, string program, params string[] options)
    {
        HostTool.Require("gcc", "gcc libc6-dev");
        var source = Path.Combine(place.FullName, "source.c");
        File.WriteAllText(source, code);
        var built = HostTool.Run("gcc", ["-O1", "-s", "-o", program, .. options, source], place.FullName, s_limit);
        Assert.True(built.Status == 0, built.Error);
    }

    /// <summary>Guests are somebody else on the host when the tests run as root.</summary>
    private static void Open(DirectoryInfo directory) => File.SetUnixFileMode(directory.FullName, (UnixFileMode)0x1ff);
}
