namespace Dragonet.Base;

/// <summary>The slots of one kernel. Subsystems add theirs while the kernel boots, before there are jails in it. Not thread-safe.</summary>
public sealed class JailSlots
{
    private readonly List<JailSlot> _slots = [];
    private (IJail Jail, JailState State)? _first;
    private bool _isSealed;

    /// <summary>All, in the order in which they are made.</summary>
    public IReadOnlyList<JailSlot> Ordered => [.. _slots.OrderBy(slot => slot.Order)];

    /// <summary>Declares state that every jail has.</summary>
    /// <param name="name">What it is, for people.</param>
    /// <param name="order">Lower ones are made earlier and ended later.</param>
    /// <param name="make">Makes it for a jail; slots of a lower order are there already, and so is the state of the jail above.</param>
    /// <param name="end">Ends it, when no process of the jail is left; no lock is held.</param>
    public JailLocal<T> Add<T>(string name, int order, Func<IJail, T> make, Action<T>? end = null)
        where T : class
    {
        if (_isSealed)
        {
            throw new InvalidOperationException($"jail slot {name}: there are jails already");
        }

        var slot = new JailLocal<T>(name, order, _slots.Count, make, end);
        _slots.Add(slot);
        _first?.State.Add(_first.Value.Jail, slot);
        return slot;
    }

    /// <summary>Jail 0 is there: what is added later is made for it at once.</summary>
    public void SetFirst(IJail jail, JailState state) => _first = (jail, state);

    /// <summary>No more slots: a jail is made.</summary>
    public void Seal() => _isSealed = true;
}
