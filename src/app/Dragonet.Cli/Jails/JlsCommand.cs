using System.Globalization;
using System.Text.Json;
using Dragonet.Cli.Standing;
using Dragonet.Control;

namespace Dragonet.Cli.Jails;

/// <summary>dragonet jls: lists jails (jls(8)).</summary>
internal sealed class JlsCommand
{
    private static readonly HashSet<string> s_told = ["parent", "dying", "children.cur"]; // never set, so not in what makes a jail again

    private bool _header;
    private bool _names;
    private bool _pairs;
    private bool _quote;
    private bool _verbose;
    private bool _json;
    private string? _jail;
    private ILookup<string, string[]> _usage = Array.Empty<string[]>().ToLookup(static words => words[0]);

    internal static int Run(ReadOnlySpan<string> arguments)
    {
        var (kernel, rest) = KernelOption.Take(arguments);
        return new JlsCommand().Run(kernel, rest);
    }

    private int Run(string kernel, List<string> arguments)
    {
        var wanted = new List<string>();
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            if (argument == "--json" || (argument == "--libxo" && i + 1 < arguments.Count && arguments[++i].StartsWith("json", StringComparison.Ordinal)))
            {
                _json = true;
            }
            else if (argument == "-j" && i + 1 < arguments.Count)
            {
                _jail = arguments[++i];
            }
            else if (argument.StartsWith('-') && argument.Length > 1)
            {
                foreach (var letter in argument[1..])
                {
                    Set(letter);
                }
            }
            else
            {
                wanted.Add(argument);
            }
        }

        var jails = ControlClient.Ask(kernel, new ControlRequest { Verb = ControlVerb.List, Jail = _jail }).Checked().Jails ?? [];
        if (_json && wanted.Count == 0)
        {
            // What each has and may have, from the same count as rctl -u.
            var text = ControlClient.Ask(kernel, new ControlRequest { Verb = ControlVerb.Resources, Settings = [new ControlSetting { Name = "use", Value = "jail:" }] }).Checked().Text ?? "";
            _usage = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split(' ')).ToLookup(static words => words[0]["jail:".Length..]);
        }

        Print(jails, wanted);
        return 0;
    }

    private void Set(char letter)
    {
        switch (letter)
        {
            case 'h':
                _header = true;
                break;
            case 'N':
                _names = true;
                break;
            case 'n' or 's':
                _pairs = true;
                break;
            case 'q':
                _quote = true;
                break;
            case 'v':
                _verbose = true;
                break;
            case 'd':
                break; // removed jails do not linger
            default:
                throw new CommandException($"jls: unknown option '-{letter}': dragonet jls [-hnNqv] [--json] [-j JAIL] [PARAMETER…]");
        }
    }

    private void Print(List<Dictionary<string, string>> jails, List<string> wanted)
    {
        if (_json)
        {
            PrintJson(jails, wanted);
        }
        else if (_pairs)
        {
            jails.ForEach(jail => Console.WriteLine(string.Join(' ', Chosen(jail, wanted, settable: wanted.Count == 0).Select(Pair))));
        }
        else if (wanted.Count > 0 || _header)
        {
            if (_header)
            {
                Console.WriteLine(string.Join(' ', wanted.Count > 0 ? wanted : jails.FirstOrDefault()?.Keys.ToList() ?? []));
            }

            jails.ForEach(jail => Console.WriteLine(string.Join(' ', Chosen(jail, wanted, settable: false).Select(pair => Quote(pair.Value.Length == 0 ? "-" : pair.Value)))));
        }
        else if (_verbose)
        {
            Console.WriteLine("   JID  Hostname                      Path\n        Name                          State");
            jails.ForEach(jail => Console.WriteLine($"{jail["jid"],6}  {jail["host.hostname"],-29} {jail["path"]}\n        {jail["name"],-29} {(jail["dying"] == "true" ? "DYING" : "ACTIVE")}"));
        }
        else
        {
            Console.WriteLine($"   {(_names ? "JID             " : "JID")}  Hostname                      Path");
            jails.ForEach(jail => Console.WriteLine($"{(_names ? $"   {jail["name"],-16}" : $"{jail["jid"],6}")}  {jail["host.hostname"],-29} {jail["path"]}"));
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> Chosen(Dictionary<string, string> jail, List<string> wanted, bool settable)
    {
        if (wanted.Count == 0)
        {
            return jail.Where(pair => !settable || !s_told.Contains(pair.Key));
        }

        return wanted.Select(name => jail.TryGetValue(name, out var value) ? new KeyValuePair<string, string>(name, value)
            : name.StartsWith("meta.", StringComparison.Ordinal) || name.StartsWith("env.", StringComparison.Ordinal) ? new(name, "")
            : throw new CommandException($"jls: unknown parameter: {name}"));
    }

    /// <summary>name=value, as jail(8) takes it; flags are their names.</summary>
    private string Pair(KeyValuePair<string, string> pair)
    {
        var (name, value) = pair;
        var isFlag = value is "true" or "false" && !name.StartsWith("meta.", StringComparison.Ordinal) && !name.StartsWith("env.", StringComparison.Ordinal);
        var last = name.LastIndexOf('.') + 1;
        return !isFlag ? $"{name}={Quote(value)}" : value == "true" ? name : $"{name[..last]}no{name[last..]}";
    }

    private string Quote(string value)
        => _quote && value.AsSpan().ContainsAny(" \t'\"\\#;") ? $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"" : value;

    private void PrintJson(List<Dictionary<string, string>> jails, List<string> wanted)
    {
        using var output = Console.OpenStandardOutput();
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            writer.WriteString("__version", "2");
            writer.WriteStartObject("jail-information");
            writer.WriteStartArray("jail");
            foreach (var jail in jails)
            {
                writer.WriteStartObject();
                foreach (var (name, value) in Chosen(jail, wanted, settable: false))
                {
                    writer.WriteString(name, value);
                }

                WriteUsage(writer, jail);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        output.WriteByte((byte)'\n');
    }

    /// <summary>"usage": { "maxproc": { "held": 3, "maxheld": 5, "limit": 1024, "failcnt": 0 }, … }; a limit of null is none.</summary>
    private void WriteUsage(Utf8JsonWriter writer, Dictionary<string, string> jail)
    {
        if (!jail.TryGetValue("name", out var name) || !_usage.Contains(name))
        {
            return;
        }

        writer.WriteStartObject("usage");
        foreach (var words in _usage[name])
        {
            writer.WriteStartObject(words[1]);
            foreach (var (key, value) in ((string, string)[])[("held", words[2]), ("maxheld", words[3]), ("limit", words[4]), ("failcnt", words[5])])
            {
                if (long.TryParse(value, CultureInfo.InvariantCulture, out var number))
                {
                    writer.WriteNumber(key, number);
                }
                else
                {
                    writer.WriteNull(key);
                }
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }
}
