using System.Diagnostics;

namespace Dragonet.Bench;

/// <summary>
/// Other work on all processors: one endless loop for each. They are somebody else's, in a session of their own, as another user's program or a
/// service would be: the host divides the processors among sessions first (sched(7), "The autogroup feature"). Loops in the session of what is
/// measured measure rather how long a loop of the host keeps its turn: its programs then make a child in 0.6 ms or in 4.0, all the run long.
/// </summary>
internal sealed class Load : IDisposable
{
    private readonly HostProcess? _loops;

    internal Load(bool busy)
    {
        if (busy)
        {
            var start = string.Concat(Enumerable.Repeat("(while :; do :; done) & ", Environment.ProcessorCount));
            _loops = new HostProcess(new ProcessStartInfo("setsid", ["sh", "-c", start + "wait"]) { RedirectStandardInput = true });
        }
    }

    public void Dispose() => _loops?.Dispose();
}
