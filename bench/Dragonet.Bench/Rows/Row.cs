using Dragonet.Bench.Targets;

namespace Dragonet.Bench.Rows;

/// <summary>One thing that is measured in every system.</summary>
/// <param name="name">For --only and JSON.</param>
/// <param name="title">In tables.</param>
/// <param name="unit">What the figures are in.</param>
internal abstract class Row(string name, string title, Unit unit)
{
    /// <summary>Time enough for the slowest of the systems on a loaded machine.</summary>
    protected static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);

    internal string Name => name;

    internal string Title => title;

    internal Unit Unit => unit;

    /// <summary>What Dragonet's figure must satisfy; null when nobody has set a goal.</summary>
    internal Budget? Budget { get; init; }

    /// <summary>Measured on a busy machine too.</summary>
    internal bool AlsoBusy { get; init; }

    /// <summary>Measures once.</summary>
    internal abstract Sample Measure(Target target, Workspace workspace);
}
