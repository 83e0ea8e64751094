using Dragonet.Cli.Jails;

namespace Dragonet.Cli;

/// <summary>dragonet completion bash.</summary>
internal static class CompletionCommand
{
    internal static int Run(ReadOnlySpan<string> arguments)
    {
        if (arguments.Length != 1 || arguments[0] != "bash")
        {
            throw new CommandException("completion: name the shell: dragonet completion bash");
        }

        var options = string.Join(' ', RunCommand.Describe().SelectMany(option => new[] { option.Short, option.Long }).Where(name => name is not null));
        var switches = string.Join(' ', SwitchCommand.Describe().SelectMany(option => new[] { option.Short, option.Long }).Where(name => name is not null));
        var stops = string.Join(' ', EverydayCommands.DescribeStop(static _ => { }).SelectMany(option => new[] { option.Short, option.Long }).Where(name => name is not null));
        var commands = string.Join(' ', HelpCommand.Commands.Select(command => command.Name));
        Console.WriteLine($$"""
            # source <(dragonet completion bash)
            _dragonet() {
                local word="${COMP_WORDS[COMP_CWORD]}"
                if [ "$COMP_CWORD" -eq 1 ]; then
                    COMPREPLY=($(compgen -W "{{commands}}" -- "$word"))
                elif [ "${COMP_WORDS[1]}" = run ] && [[ "$word" == -* ]]; then
                    COMPREPLY=($(compgen -W "{{options}}" -- "$word"))
                elif [ "${COMP_WORDS[1]}" = stop ] && [[ "$word" == -* ]]; then
                    COMPREPLY=($(compgen -W "{{stops}}" -- "$word"))
                elif [ "${COMP_WORDS[1]}" = switch ] && [[ "$word" == -* ]]; then
                    COMPREPLY=($(compgen -W "{{switches}}" -- "$word"))
                elif [ "${COMP_WORDS[1]}" = switch ] && [ "$COMP_CWORD" -eq 2 ]; then
                    COMPREPLY=($(compgen -W "ls fdb impair capture" -- "$word"))
                else
                    COMPREPLY=($(compgen -f -- "$word"))
                fi
            }
            complete -F _dragonet dragonet
            """);
        return 0;
    }
}
