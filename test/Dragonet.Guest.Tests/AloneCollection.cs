using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>Tests that look at what this whole process has, or at how much memory the machine has: one after the other, and nothing beside them.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class AloneCollection;
