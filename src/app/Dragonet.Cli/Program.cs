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
        switch (arguments[0])
        {
            case "run":
                return RunCommand.Run(rest);
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
