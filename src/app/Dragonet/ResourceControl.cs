using System.Globalization;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Dragonet.Abi;
using Dragonet.Kernel;

namespace Dragonet;

/// <summary>What jails, users and processes have and may have (rctl(8)). Rules name jails, so they may be there before the jail, and stay
/// after it. Thread-safe.</summary>
public sealed class ResourceControl
{
    private const int MostWaiting = 4096;

    private readonly Kernel.Kernel _kernel;

    internal ResourceControl(Kernel.Kernel kernel)
    {
        _kernel = kernel;
        kernel.Jails.LimitHit += OnLimit;
    }

    /// <summary>Told about everybody who wanted more than there may be, on a thread of the kernel: be quick.</summary>
    public event Action<LimitEvent>? LimitHit;

    /// <summary>The names of all resources.</summary>
    public static IReadOnlyList<string> Names => [.. ResourceKind.All.Select(kind => kind.Name)];

    /// <summary>Adds a rule: "jail:www:maxproc:deny=100". One that differs in its amount only takes the place of the old one.</summary>
    /// <exception cref="JailException">It is no rule, or makes no sense.</exception>
    public void Add(string rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        var error = Errno.OK;
        if (!ResourceFilter.Parse(rule, out var why).Ok(out var filter, out error) || !filter.ToRule(out why).Ok(out var made, out error)
            || (error = _kernel.Rules.Add(made, out why)) != Errno.OK)
        {
            throw new JailException(why, error);
        }
    }

    /// <summary>The rules that fit a rule with gaps: "jail:www", "::maxproc"; all when it is empty.</summary>
    /// <exception cref="JailException">It is no such thing.</exception>
    public IReadOnlyList<string> List(string filter = "") => [.. _kernel.Rules.List(Parse(filter)).Select(rule => rule.ToString())];

    /// <summary>Removes the rules that fit a rule with gaps.</summary>
    /// <returns>How many there were.</returns>
    /// <exception cref="JailException">It is no such thing.</exception>
    public int Remove(string filter) => _kernel.Rules.Remove(Parse(filter));

    /// <summary>What a subject has of each resource: "jail:www", "user:1000", "process:17"; "jail:" stands for every jail.</summary>
    /// <exception cref="JailException">There is no such subject.</exception>
    public IReadOnlyList<SubjectUse> GetUse(string subject)
    {
        var filter = Parse(subject);
        if (filter is { Subject: ResourceSubject.Jail, Id: null })
        {
            return [.. _kernel.Jails.List().Select(UseOf)];
        }

        switch (filter)
        {
            case { Subject: ResourceSubject.Jail, Id: { } name }:
                return [_kernel.Jails.Find(name) is { } jail ? UseOf(jail) : throw new JailException($"jail \"{name}\" not found", Errno.ESRCH)];
            case { Subject: ResourceSubject.User, Id: { } user }:
                var uid = uint.Parse(user, CultureInfo.InvariantCulture);
                return [new SubjectUse($"user:{user}", [.. Counted(kind => ResourceUse.OfUser(_kernel, uid, kind.Resource))])];
            case { Subject: ResourceSubject.Process, Id: { } pid }:
                var process = int.TryParse(pid, CultureInfo.InvariantCulture, out var number) ? _kernel.Jails.Root.FindProcess(number) : null;
                return process is null ? throw new JailException($"process {pid} not found", Errno.ESRCH)
                    : [new SubjectUse($"process:{pid}", [.. Counted(kind => ResourceUse.OfProcess(process, kind.Resource))])];
            default:
                throw new JailException("whose use? jail:NAME, user:NUMBER or process:NUMBER", Errno.EINVAL);
        }
    }

    /// <summary>Everybody who wants more than there may be, from now on. Of more events than the reader takes, the oldest are lost.</summary>
    public async IAsyncEnumerable<LimitEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var events = Channel.CreateBounded<LimitEvent>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        void OnHit(LimitEvent hit) => _ = events.Writer.TryWrite(hit);
        LimitHit += OnHit;
        try
        {
            await foreach (var hit in events.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
            {
                yield return hit;
            }
        }
        finally
        {
            LimitHit -= OnHit;
        }
    }

    private static ResourceFilter Parse(string text)
        => ResourceFilter.Parse(text, out var why).Ok(out var filter, out var error) ? filter : throw new JailException(why, error);

    internal static SubjectUse UseOf(Jail jail) => new($"jail:{jail.Name}", [.. ResourceKind.All.Select(kind =>
    {
        var held = jail.Use(kind.Resource);
        var account = jail.Account(kind.Resource);
        return new ResourceAmount(kind.Name, held, account.MaxHeld, account.Limit == long.MaxValue ? null : account.Limit, account.Failures);
    })]);

    private static IEnumerable<ResourceAmount> Counted(Func<ResourceKind, long> count)
        => ResourceKind.All.Where(static kind => kind.Counting != ResourceCounting.Rate).Select(kind => new ResourceAmount(kind.Name, count(kind), 0, null, 0));

    private void OnLimit(LimitHit hit)
        => LimitHit?.Invoke(new LimitEvent(hit.Jail.Id, hit.Jail.Name, ResourceKind.Of(hit.Resource).Name, hit.Limit, hit.Pid, hit.Call, hit.Action.ToString()));
}
