using System.IO;
using System.Text;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>Ordinary commands: the same output, error output and status, byte for byte, as on the host.</summary>
public sealed class CorpusTests
{
    private const string Place = "/tmp/corpus-case";

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(120);

    public static TheoryData<string> Names => new(CorpusCase.All.Keys.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Names))]
    public void Same_as_on_the_host(string name)
    {
        Assert.SkipWhen(Gaps.IsListed("corpus", name), "listed in test/guest/gaps.txt");
        var item = CorpusCase.All[name];
        foreach (var program in item.Programs)
        {
            HostTool.Require(program, program);
        }

        var host = OnHost(item);
        var guest = OnDragonet(item);
        Assert.Equal(host.Output, guest.Output);
        Assert.Equal(host.Error, guest.Error);
        Assert.Equal(host.Status, guest.Status);
    }

    private static ProgramOutcome OnHost(CorpusCase item)
    {
        // Error messages show paths, so both sides use the same one.
        if (Directory.Exists(Place))
        {
            Directory.Delete(Place, recursive: true);
        }

        _ = Directory.CreateDirectory(Place, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        File.WriteAllText(Place + ".sh", item.Script);
        try
        {
            // The test host ignores SIGPIPE, and programs inherit that.
            return HostTool.Run("env", ["--default-signal=PIPE", "bash", Place + ".sh"], Place, s_limit, CorpusCase.Environment(Place));
        }
        finally
        {
            Directory.Delete(Place, recursive: true);
            File.Delete(Place + ".sh");
        }
    }

    private static ProgramOutcome OnDragonet(CorpusCase item)
    {
        var encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(item.Script));
        var setup = $"mkdir -m 755 {Place}; base64 -d >{Place}.sh <<'END'\n{encoded}\nEND\ncd {Place}; exec bash {Place}.sh </dev/null";
        return GuestRunner.Run(new ProgramOptions { Arguments = ["/bin/bash", "-c", setup], Environment = CorpusCase.Environment(Place), User = $"{OwnId("u")}:{OwnId("g")}" }, new KernelOptions(), s_limit);
    }

    /// <summary>The corpus runs as the same user on both sides.</summary>
    private static string OwnId(string which) => HostTool.Run("id", ["-" + which], "/", s_limit).Output.Trim();
}
