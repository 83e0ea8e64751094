using System.Diagnostics.CodeAnalysis;
using Dragonet.Abi;

namespace Dragonet.Base;

/// <summary>A value or an <see cref="Errno"/>. The only way kernel code reports an expected failure; costs no allocation.</summary>
/// <typeparam name="T">The value's type.</typeparam>
public readonly struct Result<T>
{
    private readonly T? _value;

    /// <summary>The error, or <see cref="Errno.OK"/>.</summary>
    public Errno Error { get; }

    private Result(T? value, Errno error)
    {
        _value = value;
        Error = error;
    }

    /// <summary>True when there is a value.</summary>
    public bool IsOk => Error == Errno.OK;

    /// <summary>The value; only meaningful when <see cref="IsOk"/>.</summary>
    public T Value => _value!;

    /// <summary>Reads as a guard: <c>if (!files.Get(fd).Ok(out var file, out var error)) return error;</c></summary>
    public bool Ok([MaybeNullWhen(false)] out T value, out Errno error)
    {
        value = _value;
        error = Error;
        return Error == Errno.OK;
    }

    /// <inheritdoc cref="Ok(out T, out Errno)"/>
    public bool Ok([MaybeNullWhen(false)] out T value)
    {
        value = _value;
        return Error == Errno.OK;
    }

    /// <summary>A success; for interface types, which C# does not convert implicitly.</summary>
    public static Result<T> Of(T value) => new(value, Errno.OK);

    public static implicit operator Result<T>(T value) => new(value, Errno.OK);

    public static implicit operator Result<T>(Errno error) => new(default, error);
}
