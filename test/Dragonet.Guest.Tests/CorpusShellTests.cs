using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>What bash itself does.</summary>
public sealed class CorpusShellTests
{
    public static TheoryData<string> Names => Corpus.Names(CorpusCase.IsShell);

    [Theory]
    [MemberData(nameof(Names))]
    public void Same_as_on_the_host(string name) => Corpus.Compare(name);
}
