using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Dragonet.Kernel;

namespace Dragonet;

/// <summary>The jails of a kernel: systems of their own, with their own root, names, IPC and processes. Thread-safe.</summary>
public sealed class JailCollection
{
    private readonly DragonetKernel _owner;
    private readonly Kernel.Kernel _kernel;

    internal JailCollection(DragonetKernel owner, Kernel.Kernel kernel)
    {
        _owner = owner;
        _kernel = kernel;
        kernel.Jails.Changed += (jail, what) => Changed?.Invoke(new JailChange(jail.Id, jail.Name, what switch
        {
            JailEvent.Created => "created",
            JailEvent.Modified => "modified",
            JailEvent.Empty => "empty",
            JailEvent.Removed => "removed",
            _ => "gone",
        }));
        kernel.Jails.LimitHit += hit => Changed?.Invoke(new JailChange(hit.Jail.Id, hit.Jail.Name, ResourceKind.Of(hit.Resource).Name));
    }

    /// <summary>Told about everything that happens to jails, on a thread of the kernel: be quick.</summary>
    public event Action<JailChange>? Changed;

    /// <summary>Everything that happens to jails from now on, until it is cancelled. Who is slow loses the oldest.</summary>
    public async IAsyncEnumerable<JailChange> WatchAsync([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        const int mostWaiting = 4096;
        var changes = Channel.CreateBounded<JailChange>(new BoundedChannelOptions(mostWaiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        void OnChange(JailChange change) => _ = changes.Writer.TryWrite(change);
        Changed += OnChange;
        try
        {
            await foreach (var change in changes.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
            {
                yield return change;
            }
        }
        finally
        {
            Changed -= OnChange;
        }
    }

    /// <summary>The kernel itself.</summary>
    public GuestJail Root => new(_owner, _kernel.Jails.Root, owns: false);

    /// <summary>Every jail, by number.</summary>
    public IReadOnlyList<GuestJail> List() => [.. _kernel.Jails.List().Select(jail => new GuestJail(_owner, jail, owns: false))];

    /// <summary>By number or name; null when there is none. Disposing what is found leaves the jail alone.</summary>
    public GuestJail? Find(string idOrName) => _kernel.Jails.Find(idOrName) is { } jail ? new GuestJail(_owner, jail, owns: false) : null;

    /// <summary>Makes a jail, which is removed when the result is disposed.</summary>
    /// <exception cref="JailException">It cannot be made.</exception>
    public GuestJail Create(JailOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Create(options.ToSettings());
    }

    /// <summary>Makes a jail, which is removed when the result is disposed.</summary>
    /// <exception cref="JailException">It cannot be made.</exception>
    public Task<GuestJail> CreateAsync(JailOptions options, CancellationToken cancellation = default)
        => System.Threading.Tasks.Task.Run(() => Create(options), cancellation);

    /// <summary>Makes a jail out of parameters in text: jail -c.</summary>
    /// <exception cref="JailException">It cannot be made.</exception>
    public GuestJail Create(IReadOnlyList<KeyValuePair<string, string?>> parameters)
        => _kernel.Jails.Create(parameters, attach: false, out var why).Ok(out var jail, out var error)
            ? new GuestJail(_owner, jail, owns: true)
            : throw new JailException(why, error);

    /// <summary>
    /// Makes a jail that begins with the files of another one, which may be in use: its layers as they are at this moment. Data is shared until
    /// either side changes it, so the time depends on the number of changed files, not on their sizes. Parameters are the other's, but for
    /// the number, the name, the host name and published ports.
    /// </summary>
    /// <param name="origin">Whose files.</param>
    /// <param name="name">Of the new jail.</param>
    /// <param name="parameters">What is to be different.</param>
    /// <exception cref="JailException">It cannot be made; the other one has no layer of its own (overlay).</exception>
    public GuestJail Clone(GuestJail origin, string name, IReadOnlyList<KeyValuePair<string, string?>> parameters)
    {
        ArgumentNullException.ThrowIfNull(origin);
        ArgumentNullException.ThrowIfNull(parameters);
        if (origin.Get("overlay") != "true")
        {
            throw new JailException($"jail \"{origin.Name}\" has no layer of its own (overlay) that could be cloned", Abi.Errno.EINVAL);
        }

        var settings = origin.Creation.Where(pair => pair.Key is not ("jid" or "name" or "host.hostname" or "net.publish" or "vnet.interface")).Append(new("name", name)).Append(new("persist", null)).Concat(parameters).ToList();
        return _kernel.Jails.Create(settings, attach: false, out var why, origin.Jail).Ok(out var jail, out var error)
            ? new GuestJail(_owner, jail, owns: true)
            : throw new JailException(why, error);
    }

    /// <summary>Makes a jail and starts a program in it; unless it is to persist, it ends with its last program.</summary>
    /// <exception cref="JailException">It cannot be made.</exception>
    /// <exception cref="ProgramException">The program cannot be started.</exception>
    public (GuestJail Jail, GuestProcess Process) CreateAndStart(IReadOnlyList<KeyValuePair<string, string?>> parameters, Func<GuestJail, GuestProcess> start)
    {
        ArgumentNullException.ThrowIfNull(start);
        if (!_kernel.Jails.Create(parameters, attach: true, out var why).Ok(out var jail, out var error))
        {
            throw new JailException(why, error);
        }

        try
        {
            var made = new GuestJail(_owner, jail, owns: true);
            return (made, start(made));
        }
        finally
        {
            Kernel.Jails.EndAttach(jail);
        }
    }

    /// <summary>The parameters that a jail has, in the order in which they are shown.</summary>
    public static IReadOnlyList<string> ParameterNames => [.. JailParameters.All.Select(parameter => parameter.Name)];
}
