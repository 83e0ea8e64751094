using Dragonet.Abi;
using Dragonet.Kernel;

namespace Dragonet;

/// <summary>
/// A jail in our hands. It is this very jail, whatever others do with its name: when it is removed, calls fail, and a new jail of the same
/// name is another one. Thread-safe.
/// </summary>
public sealed class GuestJail : IDisposable, IAsyncDisposable
{
    private readonly DragonetKernel _kernel;
    private readonly Jail _jail;
    private readonly bool _owns;

    internal GuestJail(DragonetKernel kernel, Jail jail, bool owns)
    {
        _kernel = kernel;
        _jail = jail;
        _owns = owns;
    }

    /// <summary>Its number.</summary>
    public int Id => _jail.Id;

    /// <summary>Its name.</summary>
    public string Name => _jail.Name;

    /// <summary>True once it is removed.</summary>
    public bool IsRemoved => _jail.IsRemoved;

    /// <summary>True once nothing is left of it.</summary>
    public bool IsGone => _jail.IsGone;

    internal Jail Jail => _jail;

    /// <summary>What jail -c takes to make one like it.</summary>
    internal IEnumerable<KeyValuePair<string, string?>> Creation
        => JailParameters.All.Where(parameter => parameter.Kind != JailParameterKind.Map && !parameter.ReadOnly).Select(parameter => new KeyValuePair<string, string?>(parameter.Name, _jail.GetText(parameter)))
            .Where(pair => pair.Value is { Length: > 0 })
            .Concat(_jail.Keys.Select(pair => new KeyValuePair<string, string?>(pair.Key, pair.Value)));

    /// <summary>The value of a parameter, in text.</summary>
    /// <exception cref="JailException">There is no such parameter.</exception>
    public string Get(string parameter)
        => _jail.Keys.TryGetValue(parameter, out var note) ? note
            : JailParameters.All.FirstOrDefault(known => known.Name == parameter) is { } found ? _jail.GetText(found)
            : throw new JailException($"unknown parameter: {parameter}", Errno.ENOENT);

    /// <summary>All parameters with their values; flags are "true" or "false".</summary>
    public IReadOnlyList<KeyValuePair<string, string>> GetAll()
        => [.. JailParameters.All.Where(parameter => parameter.Kind != JailParameterKind.Map).Select(parameter => new KeyValuePair<string, string>(parameter.Name, _jail.GetText(parameter))), .. _jail.Keys];

    /// <summary>Changes parameters: all of them, or none when one is wrong.</summary>
    /// <exception cref="JailException">One is wrong.</exception>
    public void Set(params IReadOnlyList<KeyValuePair<string, string?>> parameters)
    {
        if (_jail.Kernel.Jails.Change(_jail, parameters, out var why) is not Errno.OK and var error)
        {
            throw new JailException(why, error);
        }
    }

    /// <summary>What it holds of each resource, the most it held, its limit (null for none) and how often more was wanted.</summary>
    public IReadOnlyList<ResourceAmount> Usage => ResourceControl.UseOf(_jail).Amounts;

    /// <summary>Its processes and those of jails in it: number, jail, name.</summary>
    public IReadOnlyList<(int Pid, string Jail, string Name)> Processes
        => [.. _jail.VisibleProcesses.Where(process => process != _jail.Kernel.Init).Select(process => (process.Pid, process.Jail.Name, process.Leader.Name))];

    /// <summary>What its processes and those of jails in it do: a look at each, as top(1) shows them.</summary>
    public IReadOnlyList<ProcessActivity> Activity => JailView.ActivityOf(_jail);

    /// <summary>The open files of its processes and of those of jails in it.</summary>
    public IReadOnlyList<GuestOpenFile> OpenFiles => JailView.OpenFilesOf(_jail);

    /// <summary>How many objects it has.</summary>
    public IReadOnlyDictionary<string, string> TakeCensus() => new Dictionary<string, string>(_jail.Kernel.TakeCensus(_jail).Lines);

    /// <summary>Starts a program in it.</summary>
    /// <exception cref="ProgramException">It was not found or cannot be executed, or the jail is removed.</exception>
    public GuestProcess Start(ProgramOptions program) => _kernel.Start(program, _jail);

    /// <summary>Makes a terminal that its programs see.</summary>
    public GuestTerminal CreateTerminal(int rows, int columns) => _kernel.CreateTerminal(rows, columns, _jail);

    /// <summary>Its console; null when its parameter `console` names no program.</summary>
    public Consoles.GuestConsole? Console => _kernel.Consoles.Find(_jail);

    /// <summary>Writes what it sees at a path as a tar archive, also what is mounted below; of proc, sys and dev only the directories. Programs may
    /// run meanwhile.</summary>
    /// <exception cref="DragonetException">There is no such file.</exception>
    public void ReadFiles(string path, System.IO.Stream archive) => new JailArchive(_jail.Kernel, new KernelCaller(), _jail).Write(path, archive);

    /// <summary>Directories in it that are no part of its system: others share them, or programs mounted something there.</summary>
    public IReadOnlyList<string> ForeignDirectories => JailArchive.Foreign(_jail);

    /// <summary>Writes its system as a tar archive, for another jail to begin with: all that it sees, but <see cref="ForeignDirectories"/> are empty.
    /// Programs may run meanwhile.</summary>
    public void ReadSystem(System.IO.Stream archive) => new JailArchive(_jail.Kernel, new KernelCaller(), _jail).WriteSystem(archive);

    /// <summary>Puts the files of a tar archive into a directory of it; or, where there is none of this name, the archive's only file under this name.</summary>
    /// <exception cref="DragonetException">There is no such place, or it takes no files.</exception>
    public void WriteFiles(string path, System.IO.Stream archive) => new JailExtraction(_jail.Kernel, new KernelCaller(), _jail).Read(path, archive);

    /// <summary>Sends a signal to every process in it and in jails in it. After SIGTERM and SIGKILL nothing is started on its console before the
    /// parameter `console` is set again.</summary>
    public void Signal(int signal)
    {
        if (signal is Sig.TERM or Sig.KILL)
        {
            _kernel.Consoles.Rest(_jail);
        }

        foreach (var process in _jail.VisibleProcesses.Where(process => process != _jail.Kernel.Init).ToList())
        {
            _ = process.Send(new SigInfo { Signal = signal });
        }

        _jail.Kernel.Drain();
    }

    /// <summary>Kills everything in it. Its name and number are free when this returns.</summary>
    public void Remove()
    {
        _ = _jail.Kernel.Jails.Remove(_jail);
        _jail.Kernel.Drain();
    }

    /// <summary>Kills everything in it, and waits until nothing of it is left.</summary>
    public async System.Threading.Tasks.Task RemoveAsync(CancellationToken cancellation = default)
    {
        using var gone = new JailWait(_jail, () => _jail.IsGone);
        Remove();
        await gone.Reached.WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Waits until no program runs in it, nor in jails in it.</summary>
    public async System.Threading.Tasks.Task WaitUntilEmptyAsync(CancellationToken cancellation = default)
    {
        using var empty = new JailWait(_jail, () => !_jail.VisibleProcesses.Any(process => process != _jail.Kernel.Init));
        await empty.Reached.WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Removes the jail, when it was made with this object.</summary>
    public void Dispose()
    {
        if (_owns)
        {
            Remove();
        }
    }

    /// <inheritdoc cref="Dispose"/>
    public async ValueTask DisposeAsync()
    {
        if (_owns)
        {
            await RemoveAsync().ConfigureAwait(false);
        }
    }
}
