using Dragonet.Abi;

namespace Dragonet;

/// <summary>A guest program could not be started.</summary>
public sealed class ProgramException(string program, Errno error) : Exception($"{program}: {Describe(error)}")
{
    /// <summary>Why.</summary>
    public Errno Error { get; } = error;

    /// <summary>True when there is no such program.</summary>
    public bool IsMissing => Error == Errno.ENOENT;

    private static string Describe(Errno error) => error switch
    {
        Errno.ENOENT => "no such program in the guest",
        Errno.EACCES => "not executable (or on a file system mounted noexec)",
        Errno.ENOEXEC => "not a program for this machine (no x86-64 ELF file, no script)",
        Errno.ELIBBAD => "its program interpreter is damaged",
        Errno.E2BIG => "arguments and environment are too long",
        _ => $"cannot be executed ({error})",
    };
}
