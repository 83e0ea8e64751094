using System.Globalization;

namespace Dragonet.Cli.Standing;

/// <summary>What happens to jails, and who wants more than there may be, as lines for one client.</summary>
internal sealed class EventRelay : IDisposable
{
    private readonly DragonetKernel _kernel;
    private readonly LineRelay _relay;
    private readonly string? _jail;

    internal EventRelay(DragonetKernel kernel, LineRelay relay, string? jail)
    {
        (_kernel, _relay, _jail) = (kernel, relay, jail);
        kernel.Jails.Changed += OnChanged;
        kernel.Resources.LimitHit += OnLimit;
    }

    public void Dispose()
    {
        _kernel.Jails.Changed -= OnChanged;
        _kernel.Resources.LimitHit -= OnLimit;
    }

    private void OnChanged(JailChange change)
    {
        if (change.What is "created" or "modified" or "removed" or "gone")
        {
            Add(change.Name, $"jail={change.Name} jid={change.Id.ToString(CultureInfo.InvariantCulture)} event={change.What}\n");
        }
    }

    private void OnLimit(LimitEvent hit) => Add(hit.Jail, string.Create(CultureInfo.InvariantCulture,
        $"jail={hit.Jail} jid={hit.JailId} event=limit resource={hit.Resource} limit={hit.Limit} action={hit.Action} pid={hit.Pid} syscall={hit.SystemCall}\n"));

    private void Add(string name, string line)
    {
        if (_jail is null || name == _jail || name.StartsWith(_jail + ".", StringComparison.Ordinal))
        {
            _relay.Add(line);
        }
    }
}
