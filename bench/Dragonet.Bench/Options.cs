using System.Globalization;

namespace Dragonet.Bench;

/// <summary>What the command line asks for.</summary>
internal sealed class Options
{
    internal const string Help = """
        usage: bench/run [OPTION…]

        Measures the same programs natively, on Dragonet (default and strict), and on gVisor (runsc) and User-Mode Linux
        (linux.uml) where they are installed, in turn. A full run takes about half an hour, prints a table and writes
        docs/benchmarks.md and docs/benchmarks.svg.

          --only ROW,…    measure these rows only (see --list); writes no documents
          --systems S,…   in these systems only: native, dragonet, strict, gvisor, uml; writes no documents
          --quick         once each, and idle only; writes no documents
          --repeat N      repetitions of each figure, of which the median counts (default 3)
          --json          print JSON instead of the table
          --documents     write the documents in any case
          --list          print the names of the rows
          --help          print this
        """;

    internal string Repository { get; private set; } = "";

    internal HashSet<string> Only { get; private set; } = [];

    internal HashSet<string> Systems { get; private set; } = [];

    internal bool Quick { get; private set; }

    internal int Repeat { get; private set; } = 3;

    internal bool Json { get; private set; }

    internal bool Documents { get; private set; }

    internal bool List { get; private set; }

    internal bool WantsHelp { get; private set; }

    internal bool WritesDocuments => Documents || (!Quick && Only.Count == 0 && Systems.Count == 0);

    /// <summary>Throws ArgumentException with one line for the user.</summary>
    internal static Options Parse(string[] arguments)
    {
        var options = new Options();
        var rest = new Queue<string>(arguments);
        while (rest.TryDequeue(out var option))
        {
            switch (option)
            {
                case "--repository": options.Repository = Value(option, rest); break;
                case "--only": options.Only = [.. Value(option, rest).Split(',', StringSplitOptions.RemoveEmptyEntries)]; break;
                case "--systems": options.Systems = [.. Value(option, rest).Split(',', StringSplitOptions.RemoveEmptyEntries)]; break;
                case "--quick": (options.Quick, options.Repeat) = (true, 1); break;
                case "--repeat": options.Repeat = Count(option, Value(option, rest)); break;
                case "--json": options.Json = true; break;
                case "--documents": options.Documents = true; break;
                case "--list": options.List = true; break;
                case "--help" or "-h": options.WantsHelp = true; break;
                default: throw new ArgumentException($"unknown option '{option}': try 'bench/run --help'");
            }
        }

        return options;
    }

    private static string Value(string option, Queue<string> rest)
        => rest.TryDequeue(out var value) ? value : throw new ArgumentException($"option '{option}' needs a value");

    private static int Count(string option, string text)
        => int.TryParse(text, CultureInfo.InvariantCulture, out var count) && count is > 0 and <= 100 ? count
            : throw new ArgumentException($"{option} '{text}': write a number from 1 to 100");
}
