namespace Dragonet.Linux;

/// <summary>An address in the guest, not yet looked at.</summary>
public readonly record struct UserPtr(ulong Address)
{
    public bool IsNull => Address == 0;

    public static UserPtr operator +(UserPtr pointer, ulong offset) => new(pointer.Address + offset);
}
