using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>One file of a process directory.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Permissions">Permission bits.</param>
/// <param name="Read">Makes the text; null when it cannot be read.</param>
/// <param name="Write">Takes what is written, or null.</param>
/// <param name="Access">Who may open it.</param>
internal sealed record SubjectEntry(
    string Name,
    uint Permissions,
    Func<Subject, ICaller, string>? Read,
    Func<Subject, ICaller, string, Errno>? Write = null,
    SubjectAccess Access = SubjectAccess.Everybody)
{
    /// <summary>Takes what is written at the beginning, with who opened the file before who writes; null when <see cref="Write"/> does.</summary>
    internal Func<Subject, Credentials, ICaller, string, Errno>? Writer { get; init; }

    /// <summary>A world-readable text.</summary>
    internal SubjectEntry(string name, Func<Subject, string> read)
        : this(name, 0x124, (subject, _) => read(subject))
    {
    }

    /// <summary>A text for those who may trace the process.</summary>
    internal static SubjectEntry Private(string name, uint permissions, Func<Subject, ICaller, string> read)
        => new(name, permissions, read, null, SubjectAccess.Inspectors);
}
