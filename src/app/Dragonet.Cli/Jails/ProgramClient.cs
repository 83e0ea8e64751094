using System.IO;
using System.Runtime.InteropServices;
using Dragonet.Cli.Standing;
using Dragonet.Control;

namespace Dragonet.Cli.Jails;

/// <summary>Runs a program in a jail of a kernel that stays, with our streams, our terminal and our signals.</summary>
internal static class ProgramClient
{
    /// <summary>Sends the request and relays until the program has ended.</summary>
    /// <param name="kernel">Which kernel.</param>
    /// <param name="request">Exec, or create with a program.</param>
    /// <param name="terminal">Whether the program gets a terminal; null for when we have one.</param>
    /// <param name="started">Told about the jail once the program runs.</param>
    /// <returns>The program's status, as a shell shows it.</returns>
    internal static int Run(string kernel, ControlRequest request, bool? terminal = null, Action<Dictionary<string, string>>? started = null)
    {
        using var client = ControlClient.Connect(kernel);
        using var screen = terminal != false && HostScreen.Open(0) is { } found && HostScreen.Open(1) is not null ? found : null;
        if (screen is not null)
        {
            (request.Exec!.Rows, request.Exec.Columns) = screen.Size;
        }

        var reply = client.Ask(request).Checked();
        if (reply.Jails is [var jail, ..])
        {
            started?.Invoke(jail);
        }

        if (request.Exec!.Detached)
        {
            return 0;
        }

        var registrations = new List<PosixSignalRegistration>();
        foreach (var (signal, number) in (ReadOnlySpan<(PosixSignal, int)>)[(PosixSignal.SIGINT, 2), (PosixSignal.SIGTERM, 15), (PosixSignal.SIGHUP, 1), (PosixSignal.SIGQUIT, 3)])
        {
            registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                client.Signal(number);
            }));
        }

        if (screen is not null)
        {
            registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => client.Resize(screen.Size.Rows, screen.Size.Columns)));
            screen.MakeRaw();
        }

        try
        {
            using Stream input = StandardInput.Open(), output = Console.OpenStandardOutput(), error = Console.OpenStandardError();
            return client.Relay(input, output, error);
        }
        finally
        {
            registrations.ForEach(registration => registration.Dispose());
        }
    }

    /// <summary>The environment of a program in a jail: a plain one, and what describes our terminal.</summary>
    internal static Dictionary<string, string> Environment => RunCommand.DefaultEnvironment();
}
