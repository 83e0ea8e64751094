using System.Globalization;
using System.Text;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Platform;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Strace;

/// <summary>Writes each answered call as one line: "[pid] name(argument=value, …) = result", for errors with the reason.</summary>
/// <param name="write">Takes a line, from any thread.</param>
public sealed class StraceWriter(Action<string> write) : ITrace
{
    private const int LongestString = 96;

    /// <inheritdoc/>
    public void OnResult(Task task, in SystemCall call, SysResult result)
    {
        var line = new StringBuilder(128);
        _ = line.Append('[').Append(task.Tid).Append("] ");
        var table = SyscallTable.Entries;
        if ((uint)call.Number < (uint)table.Length && table[call.Number] is { } entry)
        {
            _ = line.Append(entry.Name).Append('(');
            for (var i = 0; i < entry.Arguments.Length; i++)
            {
                _ = line.Append(i == 0 ? "" : ", ").Append(entry.Arguments[i].Name).Append('=');
                Append(line, task, entry.Arguments[i], Argument(call, i));
            }
        }
        else
        {
            var name = Enum.IsDefined((Nr)call.Number) ? ((Nr)call.Number).ToString() : "syscall_" + call.Number.ToString(CultureInfo.InvariantCulture);
            _ = line.Append(name).Append("(0x").Append(call.A0.ToString("x", CultureInfo.InvariantCulture)).Append(", 0x").Append(call.A1.ToString("x", CultureInfo.InvariantCulture))
                .Append(", 0x").Append(call.A2.ToString("x", CultureInfo.InvariantCulture));
        }

        _ = line.Append(") = ");
        AppendResult(line, task, result);
        write(line.ToString());
    }

    /// <inheritdoc/>
    public void OnSignal(Task task, int signal) => write($"[{task.Tid}] --- {SignalName(signal)} ---");

    /// <inheritdoc/>
    public void OnExit(Task task, int status)
        => write((status & 0x7f) != 0 ? $"[{task.Tid}] +++ killed by {SignalName(status & 0x7f)} +++" : $"[{task.Tid}] +++ exited with {status >> 8 & 0xff} +++");

    /// <summary>"SIGINT", "SIGRT_3".</summary>
    internal static string SignalName(int signal)
    {
        ReadOnlySpan<string> names =
        [
            "0", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD",
            "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
        ];
        return (uint)signal < (uint)names.Length ? "SIG" + names[signal] : "SIGRT_" + (signal - Sig.RtMin).ToString(CultureInfo.InvariantCulture);
    }

    private static void AppendResult(StringBuilder line, Task task, SysResult result)
    {
        if (result.IsNative)
        {
            _ = line.Append("(by the host)");
        }
        else if (result.IsNoReturn)
        {
            _ = line.Append('?');
        }
        else if (result.Error != Errno.OK)
        {
            _ = line.Append("-1 ").Append(result.Error);
            if (task.FailReason is { } reason)
            {
                _ = line.Append(" (").Append(reason).Append(')');
            }
        }
        else if (result.Raw is < 0 or > 0xffff_ffff)
        {
            _ = line.Append("0x").Append(result.Raw.ToString("x", CultureInfo.InvariantCulture));
        }
        else
        {
            _ = line.Append(result.Raw);
        }
    }

    private static ulong Argument(in SystemCall call, int index) => index switch { 0 => call.A0, 1 => call.A1, 2 => call.A2, 3 => call.A3, 4 => call.A4, _ => call.A5 };

    private static void Append(StringBuilder line, Task task, SyscallArgument argument, ulong value)
    {
        switch (argument.Kind)
        {
            case ArgumentKind.Int:
                _ = line.Append((int)value);
                break;
            case ArgumentKind.UInt:
                _ = line.Append((uint)value);
                break;
            case ArgumentKind.Long:
                _ = line.Append((long)value);
                break;
            case ArgumentKind.Fd:
                AppendFd(line, task, (int)value);
                break;
            case ArgumentKind.String:
                AppendString(line, task, value);
                break;
            case ArgumentKind.Flags:
                _ = line.Append(argument.Format!(value).Replace(", ", "|", StringComparison.Ordinal));
                break;
            case ArgumentKind.Unsigned when value < 1 << 20:
                _ = line.Append(value);
                break;
            default:
                _ = value == 0 && argument.Kind == ArgumentKind.Pointer ? line.Append("NULL") : line.Append("0x").Append(value.ToString("x", CultureInfo.InvariantCulture));
                break;
        }
    }

    private static void AppendFd(StringBuilder line, Task task, int fd)
    {
        _ = fd == -100 ? line.Append("AT_FDCWD") : line.Append(fd);
        if (fd >= 0 && !task.IsDead && task.Files.GetAny(fd).Ok(out var file))
        {
            _ = line.Append('<').Append(file.Path is { } path ? ByteString.ToText(path.Dentry.Name) : file.Description).Append('>');
        }
    }

    private static void AppendString(StringBuilder line, Task task, ulong address)
    {
        if (address == 0)
        {
            _ = line.Append("NULL");
            return;
        }

        Span<byte> bytes = stackalloc byte[LongestString];
        var count = task.Thread is null ? 0 : task.Memory.ReadSome(address, bytes);
        var end = bytes[..count].IndexOf((byte)0);
        if (count == 0)
        {
            _ = line.Append("0x").Append(address.ToString("x", CultureInfo.InvariantCulture));
            return;
        }

        _ = line.Append('"');
        foreach (var c in Encoding.UTF8.GetString(bytes[..(end < 0 ? count : end)]))
        {
            _ = c switch
            {
                '"' or '\\' => line.Append('\\').Append(c),
                '\n' => line.Append("\\n"),
                '\t' => line.Append("\\t"),
                < ' ' or '\u007f' => line.Append("\\x").Append(((int)c).ToString("x2", CultureInfo.InvariantCulture)),
                _ => line.Append(c),
            };
        }

        _ = line.Append(end < 0 && count == LongestString ? "\"…" : "\"");
    }
}
