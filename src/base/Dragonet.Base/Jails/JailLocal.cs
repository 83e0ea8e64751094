namespace Dragonet.Base;

/// <summary>State that exists once in every jail of a kernel: declare it with <see cref="JailSlots.Add{T}"/>, read it with
/// <see cref="IJail.Get{T}"/>. It is made with the jail and ended with it, by nobody's hand.</summary>
/// <typeparam name="T">The state.</typeparam>
public sealed class JailLocal<T> : JailSlot
    where T : class
{
    private readonly Func<IJail, T> _make;
    private readonly Action<T>? _end;

    internal JailLocal(string name, int order, int index, Func<IJail, T> make, Action<T>? end)
        : base(name, order, index)
    {
        _make = make;
        _end = end;
    }

    internal override object Make(IJail jail) => _make(jail);

    internal override void End(object value) => _end?.Invoke((T)value);
}
