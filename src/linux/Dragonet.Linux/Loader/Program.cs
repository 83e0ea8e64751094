using System.Text;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Loader;

/// <summary>A program that was found and opened: its files and headers, scripts resolved. Nothing is mapped yet.</summary>
internal sealed class Program : IDisposable
{
    private const int HeadSize = 256; // BINPRM_BUF_SIZE
    private const int ScriptDepth = 4;

    private Program(OpenFile file, ElfHeader header)
    {
        File = file;
        Header = header;
    }

    internal OpenFile File { get; }

    internal ElfHeader Header { get; }

    /// <summary>ld.so, or null for a static program.</summary>
    internal OpenFile? InterpreterFile { get; private set; }

    internal ElfHeader? InterpreterHeader { get; private set; }

    /// <summary>Arguments after scripts have put theirs in front.</summary>
    internal List<string> Arguments { get; private init; } = [];

    /// <summary>The file that exec was called with, for comm.</summary>
    internal string Name { get; private init; } = "";

    /// <summary>Opens what exec names.</summary>
    /// <param name="file">The file, opened for execution; taken over.</param>
    internal static Result<Program> Open(Task task, OpenFile file, string path, List<string> arguments)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        for (var depth = 0; ; depth++)
        {
            var head = new byte[HeadSize];
            var read = file.ReadAt(task, head, 0);
            var length = read.IsOk ? read.Value : 0;
            if (length >= 2 && head[0] == '#' && head[1] == '!')
            {
                if (depth > ScriptDepth)
                {
                    file.Release();
                    return Errno.ELOOP;
                }

                var next = OpenInterpreter(task, head.AsSpan(2, length - 2), length == HeadSize, path, arguments, out path);
                file.Release();
                if (!next.Ok(out file!, out var scriptError))
                {
                    return scriptError;
                }

                continue;
            }

            var owned = file;
            if (!ElfHeader.Parse(head.AsSpan(0, length), (offset, buffer) => ReadFully(task, owned, buffer, offset)).Ok(out var header, out var error))
            {
                file.Release();
                return error;
            }

            var program = new Program(file, header) { Arguments = arguments, Name = name };
            error = program.OpenLoader(task);
            if (error != Errno.OK)
            {
                program.Dispose();
                return error;
            }

            return program;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        File.Release();
        InterpreterFile?.Release();
    }

    private static int ReadFully(Task task, OpenFile file, byte[] buffer, long offset)
    {
        var done = 0;
        while (done < buffer.Length)
        {
            var part = file.ReadAt(task, buffer.AsSpan(done), offset + done);
            if (!part.IsOk || part.Value == 0)
            {
                break;
            }

            done += part.Value;
        }

        return done;
    }

    /// <summary>"#! interpreter [one argument]" (execve(2), "Interpreter scripts").</summary>
    private static Result<OpenFile> OpenInterpreter(Task task, ReadOnlySpan<byte> line, bool mayBeCut, string script, List<string> arguments, out string interpreter)
    {
        interpreter = "";
        var end = line.IndexOf((byte)'\n');
        var cut = end < 0 && mayBeCut;
        var zero = line.IndexOf((byte)0);
        var text = ByteString.FromBytes(end >= 0 ? line[..end] : zero >= 0 ? line[..zero] : line).Trim(' ', '\t');
        var space = text.AsSpan().IndexOfAny(' ', '\t', '\0');
        if (text.Length == 0 || (cut && space < 0))
        {
            return Errno.ENOEXEC;
        }

        interpreter = space < 0 ? text : text[..space];
        var argument = space < 0 || text[space] == '\0' ? null : text[space..].Trim(' ', '\t').Split('\0')[0]; // C strings end there
        if (arguments.Count > 0)
        {
            arguments.RemoveAt(0);
        }

        arguments.Insert(0, script);
        if (!string.IsNullOrEmpty(argument))
        {
            arguments.Insert(0, argument);
        }

        arguments.Insert(0, interpreter);
        return task.Kernel.Vfs.OpenExecutable(new WalkContext(task, task.Fs.Root, task.Fs.Cwd), interpreter);
    }

    private Errno OpenLoader(Task task)
    {
        if (Header.Interpreter is not { } segment)
        {
            return Errno.OK;
        }

        // The errnos are those of load_elf_binary (fs/binfmt_elf.c).
        if (segment.FileSize is < 2 or > 4096)
        {
            return Errno.ENOEXEC;
        }

        if (segment.Offset > long.MaxValue)
        {
            return Errno.EINVAL;
        }

        var bytes = new byte[(int)segment.FileSize];
        if (ReadFully(task, File, bytes, (long)segment.Offset) != bytes.Length)
        {
            return Errno.EIO;
        }

        if (bytes[^1] != 0)
        {
            return Errno.ENOEXEC;
        }

        var path = Encoding.Latin1.GetString(bytes.AsSpan(0, bytes.AsSpan().IndexOf((byte)0)));
        if (!task.Kernel.Vfs.OpenExecutable(new WalkContext(task, task.Fs.Root, task.Fs.Cwd), path).Ok(out var loader, out var error))
        {
            return error;
        }

        InterpreterFile = loader;
        var head = new byte[HeadSize];
        var read = loader.ReadAt(task, head, 0);
        if (read.IsOk && read.Value < ElfHeader.HeaderSize)
        {
            return Errno.EIO;
        }

        if (!ElfHeader.Parse(head.AsSpan(0, read.IsOk ? read.Value : 0), (offset, buffer) => ReadFully(task, loader, buffer, offset)).Ok(out var header, out error))
        {
            return error == Errno.ENOEXEC ? Errno.ELIBBAD : error;
        }

        InterpreterHeader = header;
        return Errno.OK;
    }
}
