using System.Buffers.Binary;
using Dragonet.Base;

namespace Dragonet.Fs.Procfs;

/// <summary>What exec put into memory: cmdline, environ, auxv.</summary>
internal static class MemoryText
{
    private const ulong MostBytes = 4 << 20;

    /// <summary>The arguments, each with its NUL; a program may have written over them (setproctitle).</summary>
    internal static string CommandLine(Subject subject)
    {
        var layout = subject.Process.Layout;
        var text = Read(subject, layout.ArgStart, layout.ArgEnd);
        if (text.Length == 0 || text[^1] == '\0')
        {
            return text;
        }

        // The final NUL is gone: the title goes on into the environment, up to a NUL (proc_pid_cmdline(5)).
        var more = text + Read(subject, layout.EnvStart, layout.EnvEnd);
        var end = more.IndexOf('\0', StringComparison.Ordinal);
        return end < 0 ? more : more[..end];
    }

    /// <summary>The environment as it was at exec.</summary>
    internal static string Environment(Subject subject) => Read(subject, subject.Process.Layout.EnvStart, subject.Process.Layout.EnvEnd);

    /// <summary>The auxiliary vector, 8 bytes a word.</summary>
    internal static string AuxiliaryVector(Subject subject)
    {
        if (subject.Space is null)
        {
            return "";
        }

        var words = subject.Process.Layout.AuxiliaryVector;
        var bytes = new byte[words.Count * 8];
        for (var i = 0; i < words.Count; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * 8), words[i]);
        }

        return ByteString.FromBytes(bytes);
    }

    private static string Read(Subject subject, ulong start, ulong end)
    {
        if (subject.Space is not { } space || end <= start)
        {
            return "";
        }

        var bytes = new byte[Math.Min(end - start, MostBytes)];
        var count = space.ReadSome(start, bytes);
        return ByteString.FromBytes(bytes.AsSpan(0, count));
    }
}
