using System.Diagnostics;

namespace Dragonet.Bench;

/// <summary>Other work on all processors: one endless loop for each.</summary>
internal sealed class Load : IDisposable
{
    private readonly List<HostProcess> _loops = [];

    internal Load(bool busy)
    {
        for (var i = 0; busy && i < Environment.ProcessorCount; i++)
        {
            _loops.Add(new HostProcess(new ProcessStartInfo("sh", ["-c", "while :; do :; done"]) { RedirectStandardInput = true }));
        }
    }

    public void Dispose() => _loops.ForEach(loop => loop.Dispose());
}
