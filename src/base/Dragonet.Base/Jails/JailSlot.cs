namespace Dragonet.Base;

/// <summary>A place for one subsystem's state in every jail. Slots are filled in ascending order and emptied in descending order.</summary>
public abstract class JailSlot
{
    private protected JailSlot(string name, int order, int index)
    {
        Name = name;
        Order = order;
        Index = index;
    }

    /// <summary>What is kept, for people.</summary>
    public string Name { get; }

    /// <summary>Lower ones are made earlier and ended later: state may use what has a lower order.</summary>
    public int Order { get; }

    internal int Index { get; }

    internal abstract object Make(IJail jail);

    internal abstract void End(object value);
}
