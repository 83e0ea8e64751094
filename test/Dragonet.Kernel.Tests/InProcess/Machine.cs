using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Tmpfs;
using Dragonet.Linux;
using Dragonet.Linux.Loader;
using Dragonet.Platform.InProcess;
using Dragonet.Vfs;
using Xunit;

namespace Dragonet.Kernel.Tests.InProcess;

/// <summary>A whole kernel with the Linux personality, whose programs are delegates and whose time moves when everybody waits.</summary>
internal sealed class Machine : IDisposable
{
    private readonly VirtualClock _clock = new();
    private readonly InProcessPlatform _platform;
    private readonly long _start;

    internal Machine(ulong seed = 1)
    {
        _start = _clock.MonotonicNanoseconds;
        _platform = new InProcessPlatform(_clock, seed);
        Kernel = new Kernel(_platform, new LinuxPersonality(), new MachineClock(_clock));
        Kernel.SetRoot(new MountNamespace(Kernel.Vfs, new MountSource(new TmpfsFileSystem(Kernel.Vfs, _platform, new TmpfsOptions { Mode = 0x1ed })), MountFlags.None, "root"));
        _platform.Start(Kernel);
    }

    internal Kernel Kernel { get; }

    /// <summary>Virtual time since the boot.</summary>
    internal TimeSpan Elapsed => TimeSpan.FromTicks((_clock.MonotonicNanoseconds - _start) / 100);

    /// <summary>Boots, runs a program to its end, and checks that it ended well.</summary>
    internal static void Run(Action<Guest> program)
    {
        using var machine = new Machine();
        Assert.Equal(0, machine.Start(program));
    }

    /// <summary>Makes a file that exec runs.</summary>
    internal void AddProgram(string path, Action<Guest> program)
    {
        var root = Kernel.Mounts.Root;
        var file = Kernel.Vfs.Open(new WalkContext(Kernel.Management, root, root), path, new OpenRequest(OpenFlags.O_WRONLY | OpenFlags.O_CREAT, 0x1ed)).Value;
        _ = file.Write(Kernel.Management, _platform.MakeProgram(program));
        file.Release();
    }

    /// <summary>Makes directories that are missing.</summary>
    internal void MakeDirectory(string path)
    {
        var root = Kernel.Mounts.Root;
        for (var end = path.IndexOf('/', 1); ; end = path.IndexOf('/', end + 1))
        {
            _ = Kernel.Vfs.MakeDirectory(new WalkContext(Kernel.Management, root, root), end < 0 ? path : path[..end], 0x1ed);
            if (end < 0)
            {
                return;
            }
        }
    }

    /// <summary>Shows a file system in every root that is made from now on.</summary>
    internal void Mount(string path, FileSystemType type)
    {
        MakeDirectory(path);
        var root = Kernel.Mounts.Root;
        var context = new WalkContext(Kernel.Management, root, root);
        var mounted = type.Mount(new MountRequest(Kernel.Vfs, context, type.Name, MountFlags.None, "")).Value;
        _ = Kernel.Mounts.Attach(Kernel.Vfs.Lookup(context, path, WalkFlags.Follow).Value, mounted, MountFlags.None, type.Name);
    }

    /// <summary>Makes a jail out of "name=value" and flags; with a directory of its own for its root unless "path" says otherwise.</summary>
    internal Jail MakeJail(params string[] settings)
        => TryMakeJail(out var why, settings) is { IsOk: true, Value: var jail } ? jail : throw new InvalidOperationException(why);

    /// <inheritdoc cref="MakeJail"/>
    internal Result<Jail> TryMakeJail(out string why, params string[] settings) => Kernel.Jails.Create(Settings(settings), attach: false, out why);

    /// <summary>Parameters from "name=value" and flags.</summary>
    internal static List<KeyValuePair<string, string?>> Settings(params string[] settings)
        => [.. settings.Select(text => text.Split('=', 2)).Select(parts => new KeyValuePair<string, string?>(parts[0], parts.Length > 1 ? parts[1] : null))];

    /// <summary>A seed says who moves next (<see cref="InProcessPlatform.OrderBy"/>).</summary>
    internal void OrderBy(int seed) => _platform.OrderBy(seed);

    /// <summary>How often the seed was asked (<see cref="InProcessPlatform.Choices"/>).</summary>
    internal long Choices => _platform.Choices;

    /// <summary>Lets time pass while others may move; what is due is done.</summary>
    internal void Pass(long nanoseconds)
    {
        _clock.MoveTo(_clock.MonotonicNanoseconds + nanoseconds);
        Kernel.Timers.RunDue();
    }

    /// <summary>Starts a program in a jail, unless that is being removed.</summary>
    internal Errno TrySpawn(Jail jail, Action<Guest> program) => TrySpawn(jail, program, null).Error;

    /// <summary>Starts a program in a jail, which runs with the next <see cref="Run()"/>.</summary>
    internal Process Spawn(Jail jail, Action<Guest> program, Credentials? who = null)
        => TrySpawn(jail, program, who).Ok(out var process, out var error) ? process : throw new InvalidOperationException(error.ToString());

    private Result<Process> TrySpawn(Jail jail, Action<Guest> program, Credentials? who)
    {
        var root = jail.Mounts.Root;
        var created = Kernel.CreateProcess(who ?? Credentials.Root, new FdTable(jail), new FsContext(root, root, 0x12), jail);
        if (!created.Ok(out var task, out var error))
        {
            return error;
        }

        var path = $"/.program{task.Process.Pid}";
        var file = Kernel.Vfs.Open(new WalkContext(Kernel.Management, root, root), path, new OpenRequest(OpenFlags.O_WRONLY | OpenFlags.O_CREAT, 0x1ed)).Value;
        _ = file.Write(Kernel.Management, _platform.MakeProgram(program));
        file.Release();
        var executable = Kernel.Vfs.OpenExecutable(new WalkContext(task, root, root), path).Value;
        Assert.True(ProgramStart.Exec(task, executable, path, [path], []).IsNoReturn);
        Kernel.FinishStart(task);
        return task.Process;
    }

    /// <summary>Runs until everything has ended or waits for ever, or so much time has passed.</summary>
    internal void Run(long most = long.MaxValue / 2)
    {
        var end = _clock.MonotonicNanoseconds + most;
        _platform.RunUntilIdle();
        while (Kernel.Timers.NextDeadline is { } deadline && deadline <= end)
        {
            _clock.MoveTo(deadline);
            Kernel.Timers.RunDue();
            _platform.RunUntilIdle();
        }
    }

    /// <summary>Runs until nobody can run without time passing.</summary>
    internal void Settle() => _platform.RunUntilIdle();

    /// <summary>Runs a program in a jail to its end.</summary>
    /// <returns>Its wait status, or null when it waits.</returns>
    internal int? Start(Jail jail, Action<Guest> program, Credentials? who = null)
    {
        var process = Spawn(jail, program, who);
        Run();
        return process.IsZombie ? process.ExitStatus : null;
    }

    /// <summary>Runs a program until everything has ended or waits for ever.</summary>
    /// <returns>Its wait status, or null when it waits.</returns>
    internal int? Start(Action<Guest> program)
    {
        AddProgram("/init", program);
        var root = Kernel.Mounts.Root;
        var task = Kernel.CreateProcess(Credentials.Root, new FdTable(Kernel.Jails.Root), new FsContext(root, root, 0x12)).Value;
        var file = Kernel.Vfs.OpenExecutable(new WalkContext(task, root, root), "/init").Value;
        Assert.True(ProgramStart.Exec(task, file, "/init", ["/init"], []).IsNoReturn);
        Run();

        return task.Process.IsZombie ? task.Process.ExitStatus : null;
    }

    public void Dispose() => Kernel.Dispose();
}
