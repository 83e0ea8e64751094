using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>Tests that compare how much memory the process has: they run alone, after all others.</summary>
[CollectionDefinition(Alone, DisableParallelization = true)]
public sealed class MeasuresMemory
{
    /// <summary>The name of the collection.</summary>
    public const string Alone = "memory";
}
