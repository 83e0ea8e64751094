namespace Dragonet.Cli;

/// <summary>Connects the program's standard streams with ours: through a terminal of the guest where ours is one, else as they are.</summary>
internal sealed class TerminalSession : IDisposable
{
    private readonly HostConsole? _console;

    internal TerminalSession(DragonetKernel kernel, bool? wanted)
    {
        // The keyboard decides; with -t a screen alone is enough.
        var keyboard = DragonetKernel.IsTerminal(0) ? 0 : wanted == true && DragonetKernel.IsTerminal(1) ? 1 : -1;
        if (wanted == true && keyboard < 0)
        {
            throw new CommandException("run: -t: standard input is no terminal: leave -t out, or run it on a terminal");
        }

        if (wanted != false && keyboard >= 0)
        {
            _console = kernel.OpenConsole(keyboard, DragonetKernel.IsTerminal(1) ? 1 : keyboard);
        }
    }

    internal GuestStream StreamFor(int descriptor)
        => _console is not null && DragonetKernel.IsTerminal(descriptor) ? _console.Stream : GuestStream.Host(descriptor);

    internal void Attach(GuestProcess process) => _console?.Attach(process);

    internal void Finish() => _console?.Finish();

    public void Dispose() => _console?.Dispose();
}
