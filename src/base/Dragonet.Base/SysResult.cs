using Dragonet.Abi;

namespace Dragonet.Base;

/// <summary>
/// What a system call handler returns, in eight bytes: a number, an errno, or <em>blocked</em>.
/// A handler never sleeps. It registers with wait queues and returns <see cref="Block"/>; when one of them fires, the same
/// call is run again from its start.
/// </summary>
public readonly struct SysResult : IEquatable<SysResult>
{
    private const long BlockedBase = long.MinValue;
    private const long NativeRaw = long.MinValue + 16;
    private const long NoReturnRaw = long.MinValue + 17;

    private SysResult(long raw) => Raw = raw;

    /// <summary>The value as the guest's rax will hold it (negative errno), or an internal mark.</summary>
    public long Raw { get; }

    /// <summary>Success without a number.</summary>
    public static SysResult Zero => default;

    /// <summary>The host performs the very same call for the guest, with the arguments as they are in its registers.
    /// Only for calls whose arguments are all in registers or concern the guest's own memory alone.</summary>
    public static SysResult Native => new(NativeRaw);

    /// <summary>The calling thread is gone or was given a new state; nothing is to be answered.</summary>
    public static SysResult NoReturn => new(NoReturnRaw);

    /// <summary>The call must wait.</summary>
    public static SysResult Block(RestartKind kind) => new(BlockedBase + (long)kind);

    /// <summary>True for <see cref="Block"/>.</summary>
    public bool IsBlocked => Raw < BlockedBase + 16;

    /// <summary>True for <see cref="Native"/>.</summary>
    public bool IsNative => Raw == NativeRaw;

    /// <summary>True for <see cref="NoReturn"/>.</summary>
    public bool IsNoReturn => Raw == NoReturnRaw;

    /// <summary>How an interruption is answered; only for a blocked result.</summary>
    public RestartKind Restart => (RestartKind)(Raw - BlockedBase);

    /// <summary>The errno, or OK.</summary>
    public Errno Error => Raw is < 0 and >= -4095 ? (Errno)(-Raw) : Errno.OK;

    public static implicit operator SysResult(long value) => new(value);

    public static implicit operator SysResult(int value) => new(value);

    public static implicit operator SysResult(Errno error) => new(-(long)error);

    public static SysResult From(Result<int> result) => result.IsOk ? new SysResult(result.Value) : result.Error;

    public static SysResult From(Result<long> result) => result.IsOk ? new SysResult(result.Value) : result.Error;

    public bool Equals(SysResult other) => Raw == other.Raw;

    public override bool Equals(object? obj) => obj is SysResult other && Equals(other);

    public override int GetHashCode() => Raw.GetHashCode();

    public static bool operator ==(SysResult left, SysResult right) => left.Raw == right.Raw;

    public static bool operator !=(SysResult left, SysResult right) => left.Raw != right.Raw;
}
