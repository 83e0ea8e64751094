using System.IO;
using Xunit;

namespace Dragonet.Architecture.Tests;

/// <summary>Documents that must keep up with the code, and files that must stay readable.</summary>
public sealed class DocumentTests
{
    [Fact]
    public void ARCHITECTURE_md_names_every_project()
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, "ARCHITECTURE.md"));
        var missing = Repository.Projects("src", "gen", "test", "samples", "bench").Select(project => Repository.Relative(Path.GetDirectoryName(project)!))
            .Where(directory => !text.Contains($"`{directory}`", StringComparison.Ordinal));
        Assert.Empty(missing);
    }

    [Fact]
    public void Every_project_has_a_README_of_at_most_60_lines()
    {
        var wrong = Repository.Projects("src", "gen", "bench")
            .Select(project => Path.Combine(Path.GetDirectoryName(project)!, "README.md"))
            .Where(readme => !File.Exists(readme) || File.ReadLines(readme).Count() > 60)
            .Select(Repository.Relative);
        Assert.Empty(wrong);
    }

    [Fact]
    public void No_source_file_reaches_1000_lines()
        => Assert.Empty(Repository.Sources().Where(file => File.ReadLines(file).Count() >= 1000).Select(Repository.Relative));

    [Fact]
    public void Syscalls_md_is_up_to_date() => Generated.Check("docs/syscalls.md", SyscallsDocument.Text());

    [Fact]
    public void Locking_md_is_up_to_date() => Generated.Check("docs/locking.md", LockingDocument.Text());

    [Fact]
    public void Jail_parameters_md_is_up_to_date() => Generated.Check("docs/jail-parameters.md", JailParametersDocument.Text());
}
