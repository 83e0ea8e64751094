using Dragonet.Devices.Tty;
using Dragonet.Kernel;

namespace Dragonet.Consoles;

/// <summary>The consoles of a kernel's jails: there while the parameter `console` names a program. Thread-safe.</summary>
internal sealed class JailConsoles
{
    private const int Rows = 24;
    private const int Columns = 80;

    private readonly Lock _lock = new();
    private readonly Dictionary<Jail, (GuestConsole Console, ConsoleProgram Program)> _consoles = []; // guarded by _lock
    private readonly DragonetKernel _kernel;
    private readonly Terminals _terminals;

    internal JailConsoles(DragonetKernel kernel, Jails jails, Terminals terminals)
    {
        _kernel = kernel;
        _terminals = terminals;
        jails.Changed += OnChanged;
    }

    /// <summary>The console of a jail; null when it has none.</summary>
    internal GuestConsole? Find(Jail jail)
    {
        lock (_lock)
        {
            return _consoles.TryGetValue(jail, out var found) ? found.Console : null;
        }
    }

    /// <summary>What runs on the console ends, and is not started again before <see cref="Set"/>.</summary>
    internal void Rest(Jail jail)
    {
        lock (_lock)
        {
            if (_consoles.TryGetValue(jail, out var found))
            {
                found.Program.Stop();
            }
        }
    }

    /// <summary>Gives a jail a console with a program on it; begins it again when it rests. No command takes it away.</summary>
    internal void Set(Jail jail, string command)
    {
        GuestConsole? old = null;
        lock (_lock)
        {
            if (_consoles.TryGetValue(jail, out var found))
            {
                if (found.Program.Command == command && !found.Program.IsStopped)
                {
                    return;
                }

                found.Program.Stop();
                if (found.Program.Command != command)
                {
                    old = found.Console;
                    _ = _consoles.Remove(jail);
                    _terminals.SetConsole(jail, null);
                }
            }

            if (command.Length > 0)
            {
                var console = found.Console is { } kept && old is null ? kept : new GuestConsole(_kernel.CreateTerminal(Rows, Columns, jail));
                var program = new ConsoleProgram(command, console, options => _kernel.Start(options, jail));
                _consoles[jail] = (console, program);
                _terminals.SetConsole(jail, console.Terminal);
                program.Begin();
            }
        }

        old?.End();
    }

    /// <summary>Hangs up on everybody.</summary>
    internal void End()
    {
        lock (_lock)
        {
            foreach (var (console, program) in _consoles.Values)
            {
                program.Stop();
                console.End();
            }

            _consoles.Clear();
        }
    }

    private void OnChanged(Jail jail, JailEvent what)
    {
        if (what is JailEvent.Created or JailEvent.Modified)
        {
            try
            {
                Set(jail, jail.GetText(JailParameters.Console));
            }
            catch (DragonetException failure)
            {
                jail.Kernel.Log.Write(4, $"jail {jail.Name}: no console: {failure.Message}"); // limit.pseudoterminals
            }
        }
        else if (what is JailEvent.Removed)
        {
            Set(jail, "");
        }
    }
}
