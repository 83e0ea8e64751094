using System.Globalization;
using System.IO;
using Dragonet.Cli.Standing;
using Dragonet.Control;

namespace Dragonet.Cli.Jails;

/// <summary>dragonet rctl: rules for resources, and what is used of them (rctl(8)).</summary>
internal sealed class RctlCommand
{
    private const string Usage = "dragonet rctl [-a RULE… | -l [FILTER…] | -r FILTER… | -u [-h] [-v] SUBJECT… | -f FILE]";

    private readonly List<string> _words = [];
    private char _what = 'l';
    private bool _human;
    private bool _numbers;
    private bool _verbose;

    internal static int Run(ReadOnlySpan<string> arguments)
    {
        var (kernel, rest) = KernelOption.Take(arguments);
        return new RctlCommand().Run(kernel, rest);
    }

    private int Run(string kernel, List<string> arguments)
    {
        foreach (var argument in arguments)
        {
            if (argument.StartsWith('-') && argument.Length > 1)
            {
                argument.AsSpan(1).ToArray().ToList().ForEach(Set);
            }
            else
            {
                _words.Add(argument);
            }
        }

        var (verb, rules) = _what switch
        {
            'a' => ("add", _words),
            'r' => ("remove", _words),
            'u' => ("use", _words),
            'f' => ("add", ReadFiles()),
            _ => ("list", _words.Count > 0 ? _words : [""]),
        };
        if (rules.Count == 0)
        {
            throw new CommandException($"rctl: what about? {Usage}");
        }

        if (_what is 'a' or 'f')
        {
            BootCommand.StartOnDemand(kernel);
        }

        var settings = rules.Select(rule => new ControlSetting { Name = verb, Value = rule }).ToList();
        var text = ControlClient.Ask(kernel, new ControlRequest { Verb = ControlVerb.Resources, Settings = settings }).Checked().Text ?? "";
        Console.Write(verb == "use" ? Format(text) : _human ? HumanRules(text) : text);
        return 0;
    }

    private void Set(char letter)
    {
        switch (letter)
        {
            case 'a' or 'l' or 'r' or 'u' or 'f':
                _what = letter;
                break;
            case 'h':
                _human = true;
                break;
            case 'n':
                _numbers = true; // numbers are all that there is: rules have no names of users
                break;
            case 'v':
                _verbose = true;
                break;
            default:
                throw new CommandException($"rctl: unknown option '-{letter}': {Usage}");
        }
    }

    /// <summary>rctl.conf(5): a rule a line, # begins a comment.</summary>
    private List<string> ReadFiles()
    {
        try
        {
            return [.. (_words.Count > 0 ? _words : ["/etc/rctl.conf"]).SelectMany(File.ReadAllLines).Select(static line => line.Split('#')[0].Trim()).Where(static line => line.Length > 0)];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"rctl: {failure.Message}");
        }
    }

    /// <summary>resource=amount, as rctl(8) prints it; with -v all that is known, in columns.</summary>
    private string Format(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split(' ')).ToList();
        var many = lines.Select(static line => line[0]).Distinct().Count() > 1;
        if (!_verbose)
        {
            return string.Concat(lines.Select(line => $"{(many ? line[0] + ":" : "")}{line[1]}={Amount(line[2])}\n"));
        }

        var rows = lines.Select(line => $"{(many ? $"{line[0],-20} " : "")}{line[1],-16}{Amount(line[2]),20}{Amount(line[3]),20}{Amount(line[4]),20}{line[5],10}\n");
        return $"{(many ? $"{"subject",-20} " : "")}{"resource",-16}{"held",20}{"maxheld",20}{"limit",20}{"failcnt",10}\n{string.Concat(rows)}";
    }

    private string HumanRules(string text) => string.Concat(text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line =>
    {
        var start = line.LastIndexOf('=') + 1;
        var end = line.IndexOf('/', start);
        return $"{line[..start]}{Amount(line[start..(end < 0 ? line.Length : end)])}{(end < 0 ? "" : line[end..])}\n";
    }));

    /// <summary>humanize_number(3): the largest unit that leaves digits in front.</summary>
    private string Amount(string text)
    {
        if (!_human || _numbers || !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var amount) || amount < 10_000)
        {
            return text;
        }

        var unit = 0;
        for (; amount >= 10_000 && unit < 5; unit++)
        {
            amount >>= 10;
        }

        return amount.ToString(CultureInfo.InvariantCulture) + " KMGTP"[unit];
    }
}
