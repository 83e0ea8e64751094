namespace Dragonet.Base;

/// <summary>What the slots hold for one jail.</summary>
public sealed class JailState
{
    private IReadOnlyList<JailSlot> _slots;
    private object?[] _values;
    private int _ended;

    /// <param name="slots">All slots of the kernel.</param>
    public JailState(JailSlots slots)
    {
        _slots = slots.Ordered;
        _values = new object?[_slots.Count];
    }

    /// <summary>Fills the slots, upward.</summary>
    public void Make(IJail jail)
    {
        foreach (var slot in _slots)
        {
            _values[slot.Index] = slot.Make(jail);
        }
    }

    /// <summary>The value of a slot.</summary>
    public T Get<T>(JailLocal<T> slot)
        where T : class => (T)(_values[slot.Index] ?? throw new InvalidOperationException($"jail slot {slot.Name} is empty"));

    /// <summary>Empties the slots, downward, once.</summary>
    public void End()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
        {
            return;
        }

        for (var i = _slots.Count - 1; i >= 0; i--)
        {
            if (_values[_slots[i].Index] is { } value)
            {
                _slots[i].End(value);
            }
        }
    }

    /// <summary>A slot that was declared after the jail was made.</summary>
    internal void Add(IJail jail, JailSlot slot)
    {
        Array.Resize(ref _values, Math.Max(_values.Length, slot.Index + 1));
        _values[slot.Index] = slot.Make(jail);
        _slots = [.. _slots.Append(slot).OrderBy(each => each.Order)];
    }
}
