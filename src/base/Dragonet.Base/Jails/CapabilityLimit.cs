namespace Dragonet.Base;

/// <summary>The capabilities that count inside a jail, whatever a task of it has. One for each jail; a change counts at once.</summary>
public sealed class CapabilityLimit
{
    private long _mask;

    /// <summary>The capabilities that count.</summary>
    public ulong Mask
    {
        get => (ulong)Volatile.Read(ref _mask);
        set => Volatile.Write(ref _mask, (long)value);
    }

    /// <summary>True when the capability counts.</summary>
    public bool Allows(Capability capability) => (Mask >> (int)capability & 1) != 0;
}
