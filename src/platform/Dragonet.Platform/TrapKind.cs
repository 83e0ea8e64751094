namespace Dragonet.Platform;

/// <summary>Why a guest thread stopped.</summary>
public enum TrapKind
{
    /// <summary><see cref="VmThread.Interrupt"/> was asked for.</summary>
    Interrupt,

    /// <summary>The processor refused an instruction: <see cref="Trap.Signal"/> says which signal Linux gives for it.</summary>
    Fault,
}
