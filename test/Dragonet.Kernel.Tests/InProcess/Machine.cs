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
    private readonly RootCaller _caller = new();
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
        var file = Kernel.Vfs.Open(new WalkContext(_caller, root, root), path, new OpenRequest(OpenFlags.O_WRONLY | OpenFlags.O_CREAT, 0x1ed)).Value;
        _ = file.Write(_caller, _platform.MakeProgram(program));
        file.Release();
    }

    /// <summary>Runs a program until everything has ended or waits for ever.</summary>
    /// <returns>Its wait status, or null when it waits.</returns>
    internal int? Start(Action<Guest> program)
    {
        AddProgram("/init", program);
        var root = Kernel.Mounts.Root;
        var task = Kernel.CreateProcess(Credentials.Root, new FdTable(), new FsContext(root, root, 0x12)).Value;
        var file = Kernel.Vfs.OpenExecutable(new WalkContext(task, root, root), "/init").Value;
        Assert.True(ProgramStart.Exec(task, file, "/init", ["/init"], []).IsNoReturn);
        _platform.RunUntilIdle();
        while (Kernel.Timers.NextDeadline is { } deadline)
        {
            _clock.MoveTo(deadline);
            Kernel.Timers.RunDue();
            _platform.RunUntilIdle();
        }

        return task.Process.IsZombie ? task.Process.ExitStatus : null;
    }

    public void Dispose() => Kernel.Dispose();
}
