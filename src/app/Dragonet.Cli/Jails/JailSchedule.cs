using Dragonet.Cli.Jails.Configuration;

namespace Dragonet.Cli.Jails;

/// <summary>
/// Does something for many jails at once, but for each only when it was done for those that come before it (jail.conf(5), depend). What
/// comes behind a failure is not done.
/// </summary>
internal sealed class JailSchedule(IReadOnlyList<JailDefinition> jails, Func<JailDefinition, IEnumerable<JailDefinition>> before, Func<JailDefinition, bool> action)
{
    private readonly List<JailDefinition> _waiting = [.. jails];       // guarded by itself
    private readonly Dictionary<JailDefinition, bool> _results = [];   // guarded by _waiting
    private int _running;                                              // guarded by _waiting

    /// <summary>Does it, for so many at a time.</summary>
    /// <returns>False when something failed.</returns>
    internal bool Run(int atOnce)
    {
        var workers = Enumerable.Range(0, Math.Min(atOnce, jails.Count)).Select(_ => new Thread(Work, 512 * 1024) { IsBackground = true, Name = "jail" }).ToList();
        workers.ForEach(worker => worker.Start());
        workers.ForEach(worker => worker.Join());
        return _results.Values.All(good => good);
    }

    private void Work()
    {
        while (Next() is { } jail)
        {
            var failed = before(jail).Where(Failed).Select(other => other.Name).FirstOrDefault();
            if (failed is not null)
            {
                Console.Error.WriteLine($"dragonet: jail: {jail.Name}: jail \"{failed}\" comes first, and failed");
            }

            var good = failed is null && action(jail);
            lock (_waiting)
            {
                _results[jail] = good;
                _running--;
                Monitor.PulseAll(_waiting);
            }
        }
    }

    private bool Failed(JailDefinition jail)
    {
        lock (_waiting)
        {
            return _results.TryGetValue(jail, out var good) && !good;
        }
    }

    /// <summary>The next one whose turn has come; null when there are no more. There is always one, or one that runs: nothing comes before itself.</summary>
    private JailDefinition? Next()
    {
        lock (_waiting)
        {
            while (_waiting.Count > 0)
            {
                var at = _waiting.FindIndex(jail => before(jail).All(other => _results.ContainsKey(other) || !jails.Contains(other)));
                if (at >= 0)
                {
                    var jail = _waiting[at];
                    _waiting.RemoveAt(at);
                    _running++;
                    return jail;
                }

                if (_running == 0)
                {
                    throw new InvalidOperationException("jails that wait for one another");
                }

                _ = Monitor.Wait(_waiting);
            }

            return null;
        }
    }
}
