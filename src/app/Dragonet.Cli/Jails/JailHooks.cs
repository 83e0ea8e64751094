using System.Globalization;
using System.IO;
using Dragonet.Cli.Jails.Configuration;
using Dragonet.Cli.Standing;
using Dragonet.Control;

namespace Dragonet.Cli.Jails;

/// <summary>The programs around a jail (exec.*) and its mounts. "Outside" is jail 0 of the kernel.</summary>
internal sealed class JailHooks(string kernel, JailDefinition jail, string? id)
{
    /// <summary>Runs the programs of a parameter in jail 0.</summary>
    internal void Outside(string parameter) => jail.List(parameter).ToList().ForEach(command => Run("0", parameter, ["sh", "-c", command], jail.Text("exec.system_user")));

    /// <summary>Runs the programs of a parameter in the jail.</summary>
    internal void Inside(string parameter) => jail.List(parameter).ToList().ForEach(command => Run(jail.Name, parameter, ["sh", "-c", command], jail.Text("exec.jail_user")));

    /// <summary>Lines of fstab(5) from mount and mount.fstab, with the directory of each.</summary>
    internal List<(string[] Line, string Target)> Mounts()
    {
        IEnumerable<string> lines = jail.List("mount");
        foreach (var file in jail.List("mount.fstab"))
        {
            try
            {
                lines = lines.Concat(File.ReadAllLines(file));
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                throw jail.PlaceOf("mount.fstab").Fail(failure.Message);
            }
        }

        var mounts = new List<(string[], string)>();
        foreach (var line in lines.Where(line => line.Trim() is { Length: > 0 } text && text[0] != '#'))
        {
            var fields = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            mounts.Add(fields.Length >= 3 ? (fields, fields[1]) : throw jail.PlaceOf("mount").Fail($"\"{line}\" is no line of fstab(5)"));
        }

        return mounts;
    }

    internal void Mount(string[] line) => Run("0", "mount", ["mount", "-t", line[2], "-o", line.Length > 3 ? line[3] : "rw", line[0], line[1]], null);

    internal void Unmount(string target) => Run("0", "mount", ["umount", target], null);

    /// <summary>What the kernel does around the jail when it is halted.</summary>
    /// <param name="patience">Seconds that its programs have to end.</param>
    internal StopRequest AtHalt(int patience) => new()
    {
        Before = [.. jail.List("exec.prestop")],
        Stop = [.. jail.List("exec.stop")],
        After = [.. jail.List("exec.poststop")],
        Unmount = [.. Mounts().Select(static mount => mount.Target).Reverse()],
        Release = [.. jail.List("exec.release")],
        Timeout = patience,
        StepTimeout = int.TryParse(jail.Text("exec.timeout"), CultureInfo.InvariantCulture, out var seconds) ? Math.Clamp(seconds, 0, 3600) : 0,
        SystemUser = jail.Text("exec.system_user"),
        JailUser = jail.Text("exec.jail_user"),
        Environment = Environment(),
    };

    private Dictionary<string, string> Environment()
    {
        var environment = RunCommand.DefaultEnvironment();
        environment["JNAME"] = jail.Name;
        environment["JPATH"] = jail.Text("path") ?? "/";
        return environment;
    }

    private void Run(string where, string parameter, List<string> command, string? user)
    {
        if (jail.Text("exec.timeout") is { } seconds and not "0")
        {
            command = ["timeout", "-k", "1", seconds, .. command];
        }

        var environment = Environment();
        if (id is not null)
        {
            environment["JID"] = id;
        }

        var request = new ControlRequest { Verb = ControlVerb.Exec, Jail = where, Exec = new ExecRequest { Arguments = command, Environment = environment, User = user } };
        using var log = where == "0" ? null : OpenConsoleLog();
        using var client = ControlClient.Connect(kernel);
        _ = client.Ask(request).Checked();
        using Stream output = Console.OpenStandardOutput(), error = Console.OpenStandardError();
        var status = client.Relay(Stream.Null, log ?? output, log ?? error);
        if (status != 0)
        {
            throw jail.PlaceOf(parameter).Fail($"{parameter}: \"{command[^1]}\" ended with status {status}");
        }
    }

    /// <summary>Jails may share one.</summary>
    private Stream? OpenConsoleLog()
    {
        try
        {
            return jail.Text("exec.consolelog") is { } path ? HostSide.OpenLog(path) : null;
        }
        catch (IOException failure)
        {
            throw jail.PlaceOf("exec.consolelog").Fail(failure.Message);
        }
    }
}
