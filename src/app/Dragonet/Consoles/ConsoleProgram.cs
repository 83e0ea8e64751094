using System.Diagnostics;

namespace Dragonet.Consoles;

/// <summary>
/// Keeps a program on a console: it is started again whenever it ends, as init(8) does with getty(8). One that ends at once is started less and
/// less often.
/// </summary>
internal sealed class ConsoleProgram(string command, GuestConsole console, Func<ProgramOptions, GuestProcess> start)
{
    /// <summary>The word for getty(8) and login(1).</summary>
    internal const string Login = "login";

    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _stopped = new();

    internal string Command => command;

    internal bool IsStopped => _stopped.IsCancellationRequested;

    internal void Begin() => new Thread(Run, 256 * 1024) { IsBackground = true, Name = "getty" }.Start();

    /// <summary>It is not started again.</summary>
    internal void Stop() => _stopped.Cancel();

    private void Run()
    {
        var pause = TimeSpan.Zero;
        while (!_stopped.Token.WaitHandle.WaitOne(pause) && !console.Ended.IsCancellationRequested)
        {
            var begin = Stopwatch.StartNew();
            console.BeginSession();
            try
            {
                using var process = Start();
                _ = process.Wait();
            }
            catch (Exception failure) when (failure is DragonetException or ProgramException)
            {
                console.Say($"console: {failure.Message}");
            }

            pause = begin.Elapsed > s_soon ? TimeSpan.Zero : pause == TimeSpan.Zero ? TimeSpan.FromMilliseconds(100) : TimeSpan.FromTicks(Math.Min(2 * pause.Ticks, s_longest.Ticks));
        }
    }

    private GuestProcess Start()
    {
        if (command != Login)
        {
            return start(Options("/bin/sh", "-c", command));
        }

        try
        {
            // As console-getty.service of systemd has it: "console" is /dev/console, the speed stays.
            return start(Options("/sbin/agetty", "--noclear", "--keep-baud", "console", "115200,38400,9600", "xterm"));
        }
        catch (ProgramException failure) when (failure.IsMissing)
        {
            return start(Options("/sbin/getty", "-L", "115200", "console", "xterm")); // that of busybox
        }
    }

    private ProgramOptions Options(params string[] arguments) => new()
    {
        Arguments = arguments,
        Environment = new Dictionary<string, string> { ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ["HOME"] = "/root", ["TERM"] = "xterm" },
        Input = console.Stream,
        Output = console.Stream,
        Error = console.Stream,
    };
}
