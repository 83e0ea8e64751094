using System.IO;
using System.Text;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>Ordinary commands: the same output, error output and status, byte for byte, as on the host.</summary>
internal static class Corpus
{
    private const string Place = "/tmp/corpus-case";

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(120);
    private static readonly Lock s_place = new(); // error messages show paths, so all cases use the same one

    /// <summary>Names of the cases that these tests are for.</summary>
    internal static TheoryData<string> Names(Func<CorpusCase, bool> which) => new(CorpusCase.All.Values.Where(which).Select(item => item.Name).Order(StringComparer.Ordinal));

    /// <summary>Runs a case here and there.</summary>
    internal static void Compare(string name)
    {
        Assert.SkipWhen(Gaps.IsListed("corpus", name), "listed in test/guest/gaps.txt");
        var item = CorpusCase.All[name];
        foreach (var program in item.Programs)
        {
            HostTool.Require(program, program);
        }

        ProgramOutcome host;
        lock (s_place)
        {
            host = OnHost(item);
        }

        var guest = OnDragonet(item);
        Assert.Equal(host.Output, guest.Output);
        Assert.Equal(host.Error, guest.Error);
        Assert.Equal(host.Status, guest.Status);
    }

    private static ProgramOutcome OnHost(CorpusCase item)
    {
        if (Directory.Exists(Place))
        {
            Directory.Delete(Place, recursive: true);
        }

        _ = Directory.CreateDirectory(Place, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        File.WriteAllText(Place + ".sh", item.Script);
        try
        {
            // The test host ignores SIGPIPE, what started it perhaps others, and programs inherit that.
            return HostTool.Run("env", ["--default-signal", "bash", Place + ".sh"], Place, s_limit, CorpusCase.Environment(Place));
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
