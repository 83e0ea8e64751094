using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Runtime.CompilerServices;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Confinement;
using Dragonet.Platform.Linux.Interop;
using Net = System.Net.Sockets;

namespace Dragonet.Confinement.Probe;

/// <summary>Boots confined and tries what must not work any more.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        if (arguments is ["die", var log])
        {
            return Die(log);
        }

        if (arguments is ["quiet"])
        {
            return BeQuiet();
        }

        var (readable, writable, outside) = (arguments[0], arguments[1], arguments[2]);
        using var kernel = DragonetKernel.Boot(new KernelOptions
        {
            ConfineProcess = true,
            Volumes = [new Volume(readable, "/readable", ReadOnly: true), new Volume(writable, "/writable", ReadOnly: false)],
        });

        Try("read shared", () => File.ReadAllText(Path.Combine(readable, "file")));
        Try("write shared read-only", () => File.WriteAllText(Path.Combine(readable, "file"), "changed"));
        Try("write shared", () => File.WriteAllText(Path.Combine(writable, "from-kernel"), "x"));
        Try("read outside", () => File.ReadAllText(Path.Combine(outside, "file")));
        Try("write outside", () => File.WriteAllText(Path.Combine(outside, "new"), "x"));
        Try("read shadow", () => File.ReadAllText("/etc/shadow"));
        Try("read passwd", () => File.ReadAllText("/etc/passwd"));
        Try("read environment of the parent", () => File.ReadAllText($"/proc/{Host.Call(Nr.getppid)}/environ"));
        Try("start a program", () => Process.Start("/bin/true"));
        Try("make a socket", () => new Net.Socket(Net.AddressFamily.InterNetwork, Net.SocketType.Stream, Net.ProtocolType.Tcp));
        Try("make a UNIX socket", () => new Net.Socket(Net.AddressFamily.Unix, Net.SocketType.Stream, Net.ProtocolType.Unspecified));
        Print("execve", Host.Call(Nr.execve));
        Print("ptrace", Host.Call(Nr.ptrace)); // PTRACE_TRACEME: a success without a filter
        Print("fork", Host.Call(Nr.clone, 17));
        Print("signal to the parent", Host.Call(Nr.tgkill, Host.Call(Nr.getppid), Host.Call(Nr.getppid), 0));
        Print("type into the terminal", Host.Call(Nr.ioctl, 0, 0x5412)); // TIOCSTI
        PrintUnlisted();

        using var process = kernel.Start(new ProgramOptions
        {
            Arguments = ["/bin/sh", "-c", "cat /readable/file; echo guest >/writable/from-guest; ls /writable; (echo a | cat); grep -v -e ':[*]:' /etc/shadow"],
            Output = GuestStream.Pipe,
        });
        using var reader = new StreamReader(process.StandardOutput);
        Console.WriteLine($"guest: {reader.ReadToEnd().ReplaceLineEndings(" ").Trim()}");
        return 0;
    }

    /// <summary>Dies of an exception that nobody catches, as a kernel that stays would.</summary>
    private static int Die(string log)
    {
        HostSide.Detach(log);
        using var kernel = DragonetKernel.Boot(new KernelOptions { ConfineProcess = true });
        var thread = new Thread(static () => throw new InvalidDataException("nobody catches this"));
        thread.Start();
        thread.Join();
        return 0;
    }

    /// <summary>A kernel falls idle, is called, falls idle again, and is disposed of. Says whether an object was finalized before and after that.</summary>
    private static int BeQuiet()
    {
        using var quiet = new QuietProcess();
        using var kernel = DragonetKernel.Boot(new KernelOptions { ConfineProcess = true, Quiet = quiet });
        using var process = kernel.Start(new ProgramOptions { Arguments = ["/bin/cat"], Input = GuestStream.Pipe, Output = GuestStream.Pipe });
        var finalized = new ManualResetEventSlim();
        _ = SpinWait.SpinUntil(() => quiet.IsQuiet, TimeSpan.FromMinutes(1));
        Drop(finalized);
        GC.Collect();
        Console.WriteLine($"idle: {finalized.IsSet}");
        process.StandardInput.WriteByte((byte)'x');
        process.StandardInput.Flush();
        _ = process.StandardOutput.ReadByte();
        Console.WriteLine($"called: {finalized.Wait(TimeSpan.FromMinutes(1))}");
        Console.WriteLine($"idle again: {SpinWait.SpinUntil(() => quiet.IsQuiet, TimeSpan.FromMinutes(1))}");
        return 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Drop(ManualResetEventSlim finalized) => _ = new Garbage(finalized);

    private sealed class Garbage(ManualResetEventSlim finalized)
    {
        ~Garbage() => finalized.Set();
    }

    /// <summary>Every number that is not in the list, with arguments of zero.</summary>
    private static void PrintUnlisted()
    {
        Nr[] looked = [Nr.ioctl, Nr.clone, Nr.clone3, Nr.prctl, Nr.kill];
        var listed = ((Nr[])[.. HostCalls.Guests, .. HostCalls.Files, .. HostCalls.Events, .. HostCalls.Runtime, .. looked]).Select(number => (int)number).ToHashSet();
        // The host exempts uretprobe(2) and uprobe(2) from all filters; they answer only inside its own probes.
        const int uretprobe = 335, uprobe = 336;
        var answered = Enumerable.Range(0, 470).Where(number => number is not (uretprobe or uprobe) && !listed.Contains(number) && Host.ErrnoOf(Host.Call((Nr)number)) != Errno.EPERM);
        Console.WriteLine($"calls not in the list that do not answer EPERM: {string.Join(' ', answered)}");
    }

    private static void Try(string what, Action action)
    {
        try
        {
            action();
            Console.WriteLine($"{what}: done");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or Win32Exception)
        {
            Console.WriteLine($"{what}: refused");
        }
    }

    private static void Print(string what, long result) => Console.WriteLine($"{what}: {(result < 0 ? Host.ErrnoOf(result).ToString() : "done")}");
}
