using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Devices.Tty;
using Dragonet.Kernel;
using Dragonet.Linux;
using Dragonet.Linux.Inet;
using Dragonet.Linux.Strace;
using Dragonet.Platform;
using Dragonet.Platform.Linux.Confinement;
using Dragonet.Platform.Linux.Guests;
using Dragonet.Platform.Linux.HostStreams;
using Dragonet.Vfs;

namespace Dragonet;

/// <summary>
/// A virtual kernel in this process: boots in milliseconds, runs unmodified Linux programs, and ends with everything in it when it is
/// disposed. Many may live side by side. Thread-safe.
/// </summary>
public sealed partial class DragonetKernel : IDisposable
{
    private readonly Kernel.Kernel _kernel;
    private readonly KernelCaller _caller = new();
    private readonly Terminals _terminals;
    private readonly SystemCallTraces _traces;
    private UpperDirectory? _changes;
    private UserNetwork? _network;
    private Switching.SwitchUplink? _uplink;

    private DragonetKernel(Kernel.Kernel kernel, JailLocal<NetworkStack> stacks)
    {
        _kernel = kernel;
        Networks = new Networking.NetworkControl(kernel, stacks);
        _terminals = new Terminals(kernel);
        Jails = new JailCollection(this, kernel);
        Consoles = new Consoles.JailConsoles(this, kernel.Jails, _terminals);
        Resources = new ResourceControl(kernel);
        _traces = new SystemCallTraces(kernel);
    }

    /// <summary>The Linux release that guests see.</summary>
    public static string Release => UtsName.Release;

    /// <summary>Boots.</summary>
    /// <exception cref="DragonetException">The host lacks something, or a directory of the options cannot be used.</exception>
    public static DragonetKernel Boot(KernelOptions? options = null)
    {
        options ??= new KernelOptions();
        LinuxPlatform platform;
        var network = options.Network is { } wanted ? new UserNetwork(wanted, options.Log) : null;
        var uplink = options.Switch is { } plug ? new Switching.SwitchUplink(plug, options.Log) : null;
        try
        {
            var code = new GuestCode(options.Strict, options.Trace is null && options.Channels != ChannelUse.Never);
            if (options.ConfineProcess)
            {
                ProcessConfinement.CloseInherited();
                var ahead = new BootAhead(options, code);
                ProcessConfinement.RestrictFiles(ahead.AwaitGrants, network is not null, listens: network is not null && options.ServesSockets);
            }

            platform = new LinuxPlatform(code, options.Channels switch { ChannelUse.Always => true, ChannelUse.ByBell => false, _ => null }, sessions: !options.SharesSession);
        }
        catch (InvalidOperationException failure)
        {
            network?.Dispose();
            uplink?.Dispose();
            throw new DragonetException($"{failure.Message}: see 'dragonet doctor'", failure);
        }

        var kernel = new Kernel.Kernel(platform, new LinuxPersonality(), new HostClock(platform))
        {
            MemoryLimit = options.MemoryLimit,
            Activity = options.Quiet?.Mark,
            Processors = ProcessorSet.Of(platform.Processors).Take(options.Processors == 0 ? platform.Processors.Count : options.Processors),
        };
        var stacks = InetFamily.Install(kernel, options.Name ?? options.HostName);
        kernel.OopsReport = options.OopsReport ?? (static text => System.Console.Error.WriteLine(text)); // which is opened when it is needed
        kernel.Log.Written += options.Log;
        kernel.Pids.Limit = options.TaskLimit;
        kernel.Uts.NodeName = ByteString.FromText(options.HostName);
        if (options.Trace is { } trace)
        {
            kernel.Trace = new StraceWriter(trace);
        }

        var booted = new DragonetKernel(kernel, stacks) { _network = network, _uplink = uplink };
        try
        {
            booted._changes = options.Upper is { } upper ? UpperDirectory.Open(kernel, booted._caller, upper) : null;
            new RootBuilder(kernel, booted._caller, options, booted._changes).Build();
            kernel.Jails.MakeMounts = new JailMounts(kernel, booted._caller).Make;
            network?.Join(kernel.Mounts, stacks, kernel, booted._caller);
            uplink?.Join(booted.Networks, kernel, network is null ? "eth0" : "eth1", options.Name ?? (options.HostName == new KernelOptions().HostName ? null : options.HostName));
            var locals = new LocalNetworks(kernel, booted._caller, stacks, network);
            var networks = new JailNetworks(kernel, booted._caller, stacks, network, locals);
            (kernel.Jails.Furnish, kernel.Jails.CheckAddresses, kernel.Jails.ChangeAddresses) = (networks.Furnish, networks.Check, networks.Change);
            platform.Start(kernel);
            if (options.ConfineProcess)
            {
                ProcessConfinement.RestrictCalls(options.ServesSockets, network is not null);
            }

            booted.Consoles.Set(kernel.Jails.Root, options.Console ?? "");
            return booted;
        }
        catch (InvalidOperationException failure)
        {
            booted.Dispose();
            throw new DragonetException($"{failure.Message}: see 'dragonet doctor'", failure);
        }
        catch
        {
            booted.Dispose();
            throw;
        }
    }

    /// <summary>Starts a program, in jail 0.</summary>
    /// <exception cref="ProgramException">It was not found or cannot be executed.</exception>
    public GuestProcess Start(ProgramOptions program) => Start(program, _kernel.Jails.Root);

    /// <summary>The jails of this kernel.</summary>
    public JailCollection Jails { get; }

    internal Consoles.JailConsoles Consoles { get; }

    /// <summary>Their networks.</summary>
    public Networking.NetworkControl Networks { get; }

    /// <summary>What they have and may have.</summary>
    public ResourceControl Resources { get; }

    /// <summary>Writes what the programs of a jail ask of the kernel, a line each, as strace(1) does, until the result is disposed. They notice
    /// nothing. What is the host's to answer (a program's own memory) is not seen, unless the kernel is <see cref="KernelOptions.Strict"/>.</summary>
    /// <param name="jail">Whose programs: its own, and those of jails in it.</param>
    /// <param name="pid">One process; 0 for all.</param>
    /// <param name="line">Takes a line, on any thread of the kernel: be quick.</param>
    public IDisposable Trace(GuestJail jail, int pid, Action<string> line)
    {
        ArgumentNullException.ThrowIfNull(jail);
        ArgumentNullException.ThrowIfNull(line);
        return _traces.Add(jail.Jail, pid, line);
    }

    /// <summary>What the kernel said, oldest line first: dmesg(1).</summary>
    public string Messages => System.Text.Encoding.Latin1.GetString(_kernel.Log.Read());

    /// <summary>Told about every line that the kernel says.</summary>
    public event Action<string>? MessageWritten
    {
        add => _kernel.Log.Written += value;
        remove => _kernel.Log.Written -= value;
    }

    /// <summary>How many objects there are: what a leak would make grow.</summary>
    public IReadOnlyDictionary<string, string> TakeCensus() => new Dictionary<string, string>(_kernel.TakeCensus().Lines);

    internal GuestProcess Start(ProgramOptions program, Jail jail) => new ProgramStarter(_kernel, _caller, jail).Start(program);

    /// <summary>Makes a terminal for programs.</summary>
    public GuestTerminal CreateTerminal(int rows, int columns) => CreateTerminal(rows, columns, _kernel.Jails.Root);

    internal GuestTerminal CreateTerminal(int rows, int columns, Jail jail)
        => _terminals.CreateHostTerminal((ushort)rows, (ushort)columns, jail).Ok(out var terminal, out var error)
            ? new GuestTerminal(terminal)
            : throw new DragonetException($"no terminal can be made: {error}");

    /// <summary>Joins our own terminal with one of the guest; null when the descriptor is no terminal.</summary>
    /// <param name="input">Descriptor of the keyboard.</param>
    /// <param name="output">Descriptor of the screen.</param>
    public HostConsole? OpenConsole(int input, int output)
    {
        if (HostTty.Open(input) is not { } tty)
        {
            return null;
        }

        var (rows, columns) = tty.Size;
        var terminal = CreateTerminal(rows, columns);
        _terminals.SetConsole(_kernel.Jails.Root, terminal.Terminal);
        return new HostConsole(_kernel, tty, terminal, input, output);
    }

    /// <summary>True when a descriptor of ours is a terminal.</summary>
    public static bool IsTerminal(int descriptor) => HostTty.Open(descriptor) is not null;

    /// <summary>Asks all programs to end (SIGTERM), the jails that were made last first, waits for them, and kills those that remain. Jails are
    /// removed. New ones can be made meanwhile: nobody should.</summary>
    /// <param name="patience">For all of them together; once more when somebody took all of it.</param>
    /// <param name="steps">What else is done for each jail.</param>
    public void ShutDown(TimeSpan patience, ShutdownSteps? steps = null) => new KernelShutdown(this, patience, steps).Run();

    /// <summary>Ends every guest at once and gives everything back.</summary>
    public void Dispose()
    {
        _uplink?.Dispose();
        Consoles.End();
        _kernel.Dispose();
        _network?.Dispose();
        _changes?.Dispose();
    }
}
