using Dragonet.Abi;

namespace Dragonet;

/// <summary>The errno that a method of a <see cref="UserNode"/> answers with.</summary>
public sealed class UserFileException(Errno error) : Exception($"the guest gets {error}")
{
    /// <summary>What the guest's system call fails with.</summary>
    public Errno Error => error;
}
