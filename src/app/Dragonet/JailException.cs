using Dragonet.Abi;

namespace Dragonet;

/// <summary>A jail cannot be made or changed as asked.</summary>
public sealed class JailException(string message, Errno error) : DragonetException(message)
{
    /// <summary>What jail_set(2) would answer.</summary>
    public Errno Error { get; } = error;
}
