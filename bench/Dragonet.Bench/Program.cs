using System.IO;
using System.Runtime.InteropServices;
using Dragonet.Bench.Reports;
using Dragonet.Bench.Rows;
using Dragonet.Bench.Targets;

namespace Dragonet.Bench;

/// <summary>bench/run.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        try
        {
            return Run(Options.Parse(arguments));
        }
        catch (ArgumentException failure)
        {
            Console.Error.WriteLine($"bench: {failure.Message}");
            return 2;
        }
    }

    private static int Run(Options options)
    {
        if (options.WantsHelp)
        {
            Console.WriteLine(Options.Help);
            return 0;
        }

        var rows = Chosen(RowList.All(), row => row.Name, options.Only, "--only");
        if (options.List)
        {
            rows.ForEach(row => Console.WriteLine($"{row.Name,-24}{row.Title}"));
            return 0;
        }

        var targets = Chosen(TargetList.Installed(options.Repository), target => target.Key, options.Systems, "--systems");
        var results = new Results(Machine.Read(options.Repository), targets, rows);
        bool complete;
        using (var workspace = new Workspace(options.Repository))
        {
            // An interrupted run takes its children and its files with it: they end with the objects that hold them.
            var runner = new Runner(results, workspace, options);
            void Stop(PosixSignalContext signal)
            {
                signal.Cancel = true;
                runner.Stop();
            }

            using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
            using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
            using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
            complete = runner.Run();
        }

        Console.Write(options.Json ? JsonReport.Text(results) : TerminalReport.Text(results, colors: !Console.IsOutputRedirected));
        if (!complete)
        {
            return 130; // what was measured before the interruption was worth printing, but is not a run
        }

        if (options.WritesDocuments)
        {
            var docs = Path.Combine(options.Repository, "docs");
            var document = Path.Combine(docs, "benchmarks.md");
            File.WriteAllText(document, MarkdownReport.Text(results, options.Repeat) + MarkdownReport.Kept(document));
            File.WriteAllText(Path.Combine(docs, "benchmarks.svg"), SvgChart.Text(results));
        }

        return 0;
    }

    private static List<T> Chosen<T>(List<T> all, Func<T, string> name, HashSet<string> wanted, string option)
    {
        var unknown = wanted.Except(all.Select(name)).FirstOrDefault();
        return unknown is not null ? throw new ArgumentException($"{option}: there is no '{unknown}' here; there are {string.Join(", ", all.Select(name))}")
            : wanted.Count == 0 ? all : all.FindAll(item => wanted.Contains(name(item)));
    }
}
