using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using Dragonet.Cli.Options;
using Dragonet.Templates;

namespace Dragonet.Cli.Templates;

/// <summary>
/// dragonet template build: a distribution from its packages, by debootstrap(8). It runs as root of a kernel of its own, where nothing of the
/// host can be harmed and no right is needed, and hands over a tar archive.
/// </summary>
internal sealed class TemplateBuild
{
    private const string Usage = "dragonet template build DISTRIBUTION:SUITE NAME, for instance debian:bookworm";

    private const string Failed = "the build failed: ";

    // A system that has no umount of its own keeps what debootstrap mounted. What is fetched once is not kept; /build/dev has what debootstrap could make of it, which an import leaves out.
    private const string Script = """
        set -e
        export DEBIAN_FRONTEND=noninteractive
        suite=$1 mirror=$2; shift 2
        debootstrap "$@" "$suite" /build "$mirror" >&2 || { tail -n 3 /build/debootstrap/debootstrap.log >&2 2>/dev/null; exit 1; }
        umount /build/proc /build/sys 2>/dev/null || true
        rm -rf /build/var/cache/apt/archives/*.deb /build/var/cache/apt/*.bin
        tar --numeric-owner --one-file-system -C /build -cf - .
        """;

    private const string Scripts = "/usr/share/debootstrap/scripts";

    private string? _mirror;
    private string? _keyring;
    private string _variant = "minbase";
    private string? _include;
    private string _memory = "6G";

    private TemplateBuild() => Options =
    [
        new(null, "--mirror", "URI", "where the packages are: http://…, https://… or file:/… (default: where /etc/apt says)", value => _mirror = value),
        new(null, "--keyring", "FILE|none", "the keys that sign them (default: what /etc/apt says, else the distribution's); none: believe everything", value => _keyring = value),
        new(null, "--variant", "NAME", "minbase (default), buildd, or - for the standard one", value => _variant = value),
        new(null, "--include", "PACKAGE,…", "more packages", value => _include = value),
        new("-m", "--memory", "SIZE", "memory to build in (default 6G)", value => _memory = value),
    ];

    internal IReadOnlyList<Option> Options { get; }

    internal static IReadOnlyList<Option> Describe() => new TemplateBuild().Options;

    internal static Template Run(ReadOnlySpan<string> arguments, TemplateStore store, TreeLimits limits)
    {
        var build = new TemplateBuild();
        var words = OptionParser.Parse("template", arguments, build.Options).ToArray();
        if (words.Length > 2)
        {
            words = [.. words[..2], .. OptionParser.Parse("template", words.AsSpan(2), build.Options)];
        }

        var parts = words.Length == 2 ? words[0].Split(':') : [];
        if (parts is not [{ Length: > 0 } distribution, { Length: > 0 } suite] || distribution.Concat(suite).Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.')))
        {
            throw new CommandException($"template: build what? {Usage}");
        }

        if (!File.Exists("/usr/sbin/debootstrap"))
        {
            throw new CommandException("template: debootstrap is not installed on this machine, and builds are its work");
        }

        if (!File.Exists(Path.Combine(Scripts, suite)))
        {
            throw new CommandException($"template: debootstrap knows no suite '{suite}': {Scripts} has those that it knows");
        }

        if (store.List().Any(template => template.Name == words[1]))
        {
            throw new CommandException($"template '{words[1]}' exists already: 'dragonet template rm {words[1]}' removes it");
        }

        return build.Make(distribution, suite, words[1], store, limits);
    }

    private Template Make(string distribution, string suite, string name, TemplateStore store, TreeLimits limits)
    {
        var source = PackageSource.Find(distribution, suite);
        var mirror = _mirror ?? source?.Mirror
            ?? throw new CommandException($"template: /etc/apt of this machine names no source of {distribution}: say where its packages are with --mirror URI");
        List<string> arguments = ["run", .. Place(mirror), "-m", _memory];
        List<string> options = [.. _variant == "-" ? Enumerable.Empty<string>() : ["--variant=" + _variant], .. _include is null ? Enumerable.Empty<string>() : ["--include=" + _include]];
        var keyring = _keyring ?? (_mirror is null ? source?.Keyring : null);
        if (keyring == "none")
        {
            options.Add("--no-check-gpg");
        }
        else if (keyring is not null)
        {
            options.Add("--keyring=" + Shown(arguments, keyring, "--keyring"));
        }

        arguments.AddRange(["--", "sh", "-c", Script, "build", suite, mirror, .. options]);
        using var builder = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })
            ?? throw new CommandException("template: no process could be started");
        builder.StandardInput.Close();
        var progress = new BuildProgress(builder.StandardError);
        var isInterrupted = false;
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Interrupt);
        try
        {
            var made = store.Import(builder.StandardOutput.BaseStream, $"{distribution}:{suite} of {mirror}", name, limits, () =>
            {
                builder.WaitForExit();
                return builder.ExitCode == 0 ? null : Failed + progress.Reason;
            });
            progress.End();
            return made;
        }
        catch (TemplateException failure)
        {
            // What broke the archive is the better answer.
            builder.StandardOutput.Dispose();
            builder.WaitForExit();
            progress.End();
            if (isInterrupted)
            {
                throw new CommandException($"template: interrupted: there is no template '{name}'", CommandException.Interrupted);
            }

            throw builder.ExitCode == 0 || failure.Message.StartsWith(Failed, StringComparison.Ordinal) ? failure : new TemplateException(Failed + progress.Reason, failure);
        }

        void Interrupt(PosixSignalContext context)
        {
            // Its kernel, and all that runs in it, ends with it; its archive ends too early then, and nothing comes of that.
            context.Cancel = isInterrupted = true;
            builder.Kill();
        }
    }

    /// <summary>How the build reaches the packages.</summary>
    private static List<string> Place(string mirror)
    {
        if (mirror.StartsWith("http://", StringComparison.Ordinal) || mirror.StartsWith("https://", StringComparison.Ordinal))
        {
            return ["--net", "user"];
        }

        if (!mirror.StartsWith("file:/", StringComparison.Ordinal))
        {
            throw new CommandException($"template: --mirror {mirror}: write http://…, https://… or file:/DIRECTORY");
        }

        List<string> arguments = [];
        _ = Shown(arguments, "/" + mirror["file:".Length..].TrimStart('/'), "--mirror");
        return arguments;
    }

    /// <summary>Shows the build a file or directory of this machine, read-only, under the same name.</summary>
    private static string Shown(List<string> arguments, string path, string option)
    {
        path = Path.GetFullPath(path);
        if ((!File.Exists(path) && !Directory.Exists(path)) || path.Contains(':', StringComparison.Ordinal))
        {
            throw new CommandException($"template: {option} {path}: {(path.Contains(':', StringComparison.Ordinal) ? "no ':' may be in it" : "no such file")}");
        }

        arguments.AddRange(["-v", $"{path}:{path}:ro"]);
        return path;
    }
}
