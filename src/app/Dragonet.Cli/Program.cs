using Dragonet.Cli.Jails;
using Dragonet.Cli.Standing;
using Dragonet.Cli.Templates;
using Dragonet.Control;

namespace Dragonet.Cli;

/// <summary>The `dragonet` command.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        try
        {
            return Run(arguments);
        }
        catch (CommandException failure)
        {
            Console.Error.WriteLine($"dragonet: {failure.Message}");
            return failure.ExitCode;
        }
        catch (ControlException failure)
        {
            Console.Error.WriteLine($"dragonet: {failure.Message}");
            return CommandException.Ours;
        }
        catch (DragonetException failure)
        {
            Console.Error.WriteLine($"dragonet: {failure.Message}");
            return CommandException.Ours;
        }
    }

    private static int Run(string[] arguments)
    {
        if (arguments.Length == 0)
        {
            HelpCommand.Write(Console.Error, null);
            return CommandException.Ours;
        }

        var rest = arguments.AsSpan(1);
        if (rest.Length > 0 && rest[0] == "--help" && HelpCommand.Known(arguments[0]))
        {
            return HelpCommand.Run(arguments.AsSpan(0, 1));
        }

        switch (arguments[0])
        {
            case "run":
                return RunCommand.Run(rest);
            case "boot":
                return BootCommand.Run(rest);
            case "halt":
                return KernelCommands.Halt(rest);
            case "kill":
                return KernelCommands.Kill(rest);
            case "ls":
                return KernelCommands.List(rest);
            case "census":
                return KernelCommands.Census(rest);
            case "jail":
                return JailCommand.Run(rest);
            case "jls":
                return JlsCommand.Run(rest);
            case "jexec" or "exec":
                return JexecCommand.Run(arguments[0], rest);
            case "jps" or "ps":
                return JpsCommand.Run(rest);
            case "rctl":
                return RctlCommand.Run(rest);
            case "net":
                return NetCommand.Run(rest);
            case "switch":
                return SwitchCommand.Run(rest);
            case "events":
                return FollowCommands.Events(rest);
            case "strace":
                return FollowCommands.Trace(rest);
            case "console":
                return ConsoleCommand.Run(rest);
            case "lsof":
                return LsofCommand.Run(rest);
            case "top":
                return TopCommand.Run(rest);
            case "reboot":
                return KernelCommands.Reboot(rest);
            case "stop":
                return EverydayCommands.Stop(rest);
            case "rm":
                return EverydayCommands.Remove(rest);
            case "logs":
                return EverydayCommands.Logs(rest);
            case "cp":
                return CopyCommand.Run(rest);
            case "template":
                return TemplateCommand.Run(rest);
            case "doctor":
                return DoctorCommand.Run(rest);
            case "version" or "--version" or "-V":
                Console.WriteLine(VersionCommand.Text);
                return 0;
            case "help" or "--help" or "-h":
                return HelpCommand.Run(rest);
            case "completion":
                return CompletionCommand.Run(rest);
            default:
                throw new CommandException($"unknown command '{arguments[0]}': try 'dragonet help'");
        }
    }
}
