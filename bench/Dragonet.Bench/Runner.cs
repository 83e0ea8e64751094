using System.Threading;
using Dragonet.Bench.Rows;

namespace Dragonet.Bench;

/// <summary>Measures row by row, and in each repetition one system after the other, so that all see the same minutes of the machine.</summary>
internal sealed class Runner(Results results, Workspace workspace, Options options)
{
    /// <summary>How often rows whose budgets are close to the native figure are measured in one repetition, natively and in Dragonet.</summary>
    private const int RoundsOfClose = 3;

    private volatile bool _stopped;

    /// <summary>Ends the run after the measurement that is under way.</summary>
    internal void Stop() => _stopped = true;

    /// <returns>False when it was stopped.</returns>
    internal bool Run()
    {
        Measure(busy: false);
        if (!options.Quick)
        {
            Measure(busy: true);
        }

        Progress("");
        return !_stopped;
    }

    private void Measure(bool busy)
    {
        using var load = new Load(busy);
        var rows = busy ? results.Rows.Where(row => row.AlsoBusy).ToList() : results.Rows;
        for (var at = 0; at < rows.Count; at++)
        {
            if (!busy)
            {
                WatchOthers();
            }

            var rounds = rows[at].Budget is { IsClose: true } && !options.Quick ? RoundsOfClose : 1;
            for (var round = 0; round < options.Repeat * rounds; round++)
            {
                foreach (var target in results.Targets)
                {
                    if (round % rounds != 0 && target.Key is not ("native" or "dragonet"))
                    {
                        continue;
                    }

                    if (_stopped)
                    {
                        return;
                    }

                    Progress($"{(busy ? "busy" : "idle")} {at + 1}/{rows.Count} {rows[at].Title}: {target.Title}");
                    results.Add(rows[at], target, busy, rows[at].Measure(target, workspace));
                }
            }
        }
    }

    /// <summary>A moment without work of ours: what runs now is somebody else's.</summary>
    private void WatchOthers()
    {
        var before = Machine.ProcessorTime();
        Thread.Sleep(300);
        var after = Machine.ProcessorTime();
        results.Disturbance.Add((after.Used - before.Used) / Math.Max(1, after.All - before.All));
    }

    private static void Progress(string text)
    {
        if (!Console.IsErrorRedirected)
        {
            Console.Error.Write($"\r\e[K{text}");
        }
    }
}
