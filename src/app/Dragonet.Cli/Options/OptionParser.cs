namespace Dragonet.Cli.Options;

/// <summary>
/// Parses options up to "--" or the first operand. A library would do, but `run` starts in milliseconds and the ones there are
/// cost more than the rest of the start together.
/// </summary>
internal static class OptionParser
{
    /// <summary>Applies the options.</summary>
    /// <returns>What follows them.</returns>
    internal static ReadOnlySpan<string> Parse(string command, ReadOnlySpan<string> arguments, IReadOnlyList<Option> options)
    {
        while (arguments.Length > 0)
        {
            var argument = arguments[0];
            if (argument == "--")
            {
                return arguments[1..];
            }

            if (argument.Length < 2 || argument[0] != '-')
            {
                return arguments;
            }

            arguments = arguments[1..];
            var equals = argument.StartsWith("--", StringComparison.Ordinal) ? argument.IndexOf('=', StringComparison.Ordinal) : -1;
            var name = equals < 0 ? argument : argument[..equals];
            var inline = equals < 0 ? null : argument[(equals + 1)..];
            var option = Find(options, name);
            if (option is null && argument[1] != '-' && argument.Length > 2)
            {
                // -m512M: a short option with its value attached.
                name = argument[..2];
                inline = argument[2..];
                option = Find(options, name) is { Value: not null } found ? found : null;
            }

            if (option is null)
            {
                throw new CommandException($"{command}: unknown option '{name}': try 'dragonet help {command}'");
            }

            if (option.Value is null)
            {
                if (inline is not null)
                {
                    throw new CommandException($"{command}: option '{name}' takes no value");
                }

                option.Apply("");
            }
            else if (inline is not null)
            {
                option.Apply(inline);
            }
            else if (option.OptionalValue && (arguments.Length == 0 || arguments[0].StartsWith('-')))
            {
                option.Apply("");
            }
            else if (arguments.Length == 0 || arguments[0] == "--")
            {
                throw new CommandException($"{command}: option '{name}' needs a value: {option.Value}");
            }
            else
            {
                option.Apply(arguments[0]);
                arguments = arguments[1..];
            }
        }

        return arguments;
    }

    private static Option? Find(IReadOnlyList<Option> options, string name)
    {
        foreach (var option in options)
        {
            if (option.Short == name || option.Long == name)
            {
                return option;
            }
        }

        return null;
    }
}
