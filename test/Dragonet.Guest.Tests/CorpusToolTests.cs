using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>What comes with every system: coreutils.</summary>
public sealed class CorpusToolTests
{
    public static TheoryData<string> Names => Corpus.Names(static item => !CorpusCase.IsShell(item) && item.Programs.Count == 0);

    [Theory]
    [MemberData(nameof(Names))]
    public void Same_as_on_the_host(string name) => Corpus.Compare(name);
}
