using System.Collections.Concurrent;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet.Devices.Tty;

/// <summary>
/// The terminals of a kernel and their device nodes: /dev/ptmx, /dev/pts/N, /dev/tty and /dev/console. Thread-safe.
/// </summary>
public sealed class Terminals
{
    private readonly Dragonet.Kernel.Kernel _kernel;
    private readonly ConcurrentDictionary<int, WeakReference<Terminal>> _terminals = new();
    private readonly ConcurrentDictionary<Jail, HostTerminal> _consoles = new();

    /// <summary>Registers the devices.</summary>
    public Terminals(Dragonet.Kernel.Kernel kernel)
    {
        _kernel = kernel;
        var devices = kernel.Vfs.Devices;
        devices.AddCharacter("tty", 0x1b6, 5, 0, OpenControlling);
        devices.AddCharacter("console", 0x180, 5, 1, OpenConsole);
        devices.AddCharacter("ptmx", 0x1b6, 5, 2, OpenMaster);
        devices.AddMajor(block: false, PtyTable.Major, OpenPts);
    }

    /// <summary>What /dev/console is in a jail; null while there is none (ENODEV).</summary>
    public void SetConsole(Jail jail, HostTerminal? console)
    {
        if (console is null)
        {
            _ = _consoles.TryRemove(jail, out _);
        }
        else
        {
            _consoles[jail] = console;
        }
    }

    /// <summary>A terminal whose master is the host: the console, a session of the command line.</summary>
    /// <param name="rows">Its height.</param>
    /// <param name="columns">Its width.</param>
    /// <param name="jail">The jail that sees it; null for jail 0.</param>
    public Result<HostTerminal> CreateHostTerminal(ushort rows, ushort columns, Jail? jail = null)
    {
        if (!Create(jail ?? _kernel.Jails.Root, 0, 5, isLocked: false, null).Ok(out var terminal, out var error))
        {
            return error;
        }

        terminal.Resize(new winsize(rows, columns, 0, 0));
        return new HostTerminal(terminal);
    }

    private Result<Terminal> Create(Jail jail, uint uid, uint gid, bool isLocked, Kernel.Task? task)
    {
        if (!_kernel.Ptys.Add(jail, uid, gid, _kernel.Clock.RealtimeNanoseconds, task).Ok(out var entry, out var error))
        {
            return error;
        }

        var terminal = new Terminal(_kernel, entry, isLocked);
        _terminals[entry.Index] = new WeakReference<Terminal>(terminal);
        return terminal;
    }

    private Result<OpenFile> OpenMaster(ICaller caller, ulong device, VfsPath path, OpenFlags flags)
    {
        const uint ttyGroup = 5; // devpts is mounted with gid=5
        return Create(Jail.Of(caller, _kernel), caller.Credentials.FsUid, ttyGroup, isLocked: true, caller as Kernel.Task).Ok(out var terminal, out var error)
            ? new PtyMasterFile(terminal, path, flags)
            : error;
    }

    private Result<OpenFile> OpenPts(ICaller caller, ulong device, VfsPath path, OpenFlags flags)
    {
        var index = (int)DeviceNumber.Minor(device);
        return _terminals.TryGetValue(index, out var reference) && reference.TryGetTarget(out var terminal) && Jail.Of(caller, _kernel).Sees(terminal.Jail)
            ? terminal.Open(caller, path, flags)
            : Errno.ENXIO;
    }

    private static Result<OpenFile> OpenControlling(ICaller caller, ulong device, VfsPath path, OpenFlags flags) =>
        caller is Dragonet.Kernel.Task task && task.Process.Session.Terminal is Terminal terminal
            ? terminal.Open(caller, path, flags | OpenFlags.O_NOCTTY, isUnlocked: true)
            : Errno.ENXIO;

    private Result<OpenFile> OpenConsole(ICaller caller, ulong device, VfsPath path, OpenFlags flags) =>
        _consoles.TryGetValue(Jail.Of(caller, _kernel), out var console) ? console.Terminal.Open(caller, path, flags | OpenFlags.O_NOCTTY, isUnlocked: true) : Errno.ENODEV;
}
