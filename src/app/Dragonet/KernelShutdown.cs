using System.Diagnostics;
using Dragonet.Kernel;

namespace Dragonet;

/// <summary>
/// Ends the programs of a kernel in order, as an init does: the jail that was made last goes first, because what was made later may need what
/// was there before; jail 0 is the last. Each gets SIGTERM and is waited for.
/// </summary>
internal static class KernelShutdown
{
    private const int Terminate = 15; // SIGTERM

    /// <summary>Asks everybody to end.</summary>
    /// <param name="kernel">Whose programs.</param>
    /// <param name="patience">For all of them together; when it is over, the rest is asked but not waited for.</param>
    internal static void Run(DragonetKernel kernel, TimeSpan patience)
    {
        var begin = Stopwatch.StartNew();
        foreach (var jail in kernel.Jails.List().OrderByDescending(static jail => jail.Jail.StartTime).ThenByDescending(static jail => jail.Id).Append(kernel.Jails.Root))
        {
            jail.Signal(Terminate);
            var left = patience - begin.Elapsed;
            if (left > TimeSpan.Zero)
            {
                using var over = new CancellationTokenSource(left);
                try
                {
                    jail.WaitUntilEmptyAsync(over.Token).GetAwaiter().GetResult();
                }
                catch (OperationCanceledException)
                {
                    // The end of the kernel ends whoever does not listen.
                }
            }
        }
    }
}
