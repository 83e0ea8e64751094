using System.Diagnostics;

namespace Dragonet;

/// <summary>
/// Ends the programs of a kernel in order, as an init does: the jail that was made last goes first, because what was made later may need what
/// was there before; jail 0 is the last. Each gets SIGTERM and is waited for; who does not listen is killed. When one of them takes all the
/// time there is, the others are asked together and get it once more: so the end comes after twice that time at the latest, and nobody is
/// killed unasked because of another one.
/// </summary>
internal sealed class KernelShutdown(DragonetKernel kernel, TimeSpan patience, ShutdownSteps? steps)
{
    private const int Terminate = 15; // SIGTERM
    private const int Kill = 9;

    private readonly GuestJail _root = kernel.Jails.Root;

    /// <summary>Ends everybody.</summary>
    internal void Run()
    {
        var begin = Stopwatch.StartNew();
        var rest = new Queue<GuestJail>(kernel.Jails.List().OrderByDescending(static jail => jail.Jail.StartTime).ThenByDescending(static jail => jail.Id).Append(_root));
        while (rest.Count > 0 && begin.Elapsed < patience)
        {
            var jail = rest.Dequeue();
            End(jail, Ask(jail), begin);
        }

        begin.Restart();
        foreach (var (jail, most) in rest.Where(jail => jail != _root).Select(jail => (jail, Ask(jail))).ToList())
        {
            End(jail, most, begin);
        }

        if (rest.Contains(_root))
        {
            End(_root, Ask(_root), begin);
        }
    }

    private TimeSpan? Ask(GuestJail jail)
    {
        var most = steps?.Stopping(jail, patience);
        jail.Signal(Terminate);
        return most;
    }

    private void End(GuestJail jail, TimeSpan? most, Stopwatch begin)
    {
        var left = patience - begin.Elapsed;
        left = most < left ? most.Value : left;
        if (left > TimeSpan.Zero)
        {
            using var over = new CancellationTokenSource(left);
            try
            {
                jail.WaitUntilEmptyAsync(over.Token).GetAwaiter().GetResult();
            }
            catch (OperationCanceledException)
            {
                // It does not listen.
            }
        }

        if (jail == _root)
        {
            jail.Signal(Kill);
        }
        else
        {
            jail.Remove();
            steps?.Stopped(jail);
        }
    }
}
