using System.Diagnostics;
using System.IO;
using System.IO.Compression;

namespace Dragonet.Templates;

/// <summary>A file of the host that is an archive, whatever it was compressed with: its first bytes say so.</summary>
internal static class ArchiveFile
{
    /// <summary>Opens it; what is read is not compressed.</summary>
    internal static Stream Open(string path)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new TemplateException($"{path}: {failure.Message}", failure);
        }

        Span<byte> head = stackalloc byte[6];
        var count = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        file.Position = 0;
        head = head[..count];
        return head.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]) ? new GZipStream(file, CompressionMode.Decompress)
            : head.StartsWith((ReadOnlySpan<byte>)[0x28, 0xb5, 0x2f, 0xfd]) ? Through("zstd", path, file)
            : head.StartsWith((ReadOnlySpan<byte>)[0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z']) ? Through("xz", path, file)
            : head.StartsWith("BZh"u8) ? Through("bzip2", path, file)
            : file;
    }

    /// <summary>.NET has no decoder for these: the host's program does it, without any right but to read what it is given.</summary>
    private static Stream Through(string program, string path, FileStream file)
    {
        file.Dispose();
        try
        {
            var start = new ProcessStartInfo(program, ["-dc", "--", Path.GetFullPath(path)]) { RedirectStandardOutput = true, RedirectStandardInput = true, RedirectStandardError = true };
            var running = Process.Start(start)!;
            running.ErrorDataReceived += (_, _) => { }; // what is damaged shows itself; that nobody read to the end is no error
            running.BeginErrorReadLine();
            return running.StandardOutput.BaseStream;
        }
        catch (System.ComponentModel.Win32Exception failure)
        {
            throw new TemplateException($"{path}: compressed with {program}, which is not installed here", failure);
        }
    }
}
