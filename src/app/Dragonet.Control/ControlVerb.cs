namespace Dragonet.Control;

/// <summary>What can be asked.</summary>
public static class ControlVerb
{
    /// <summary>About the kernel: its parameters in <see cref="ControlReply.Values"/>.</summary>
    public const string Info = "info";

    /// <summary>Makes a jail; with a program, starts it there.</summary>
    public const string Create = "create";

    /// <summary>Makes a jail that begins with the files of another, which is named; the settings are the new name and what is to be different.</summary>
    public const string Clone = "clone";

    /// <summary>Changes parameters of a jail.</summary>
    public const string Modify = "modify";

    /// <summary>Removes a jail.</summary>
    public const string Remove = "remove";

    /// <summary>Lists jails with all their parameters.</summary>
    public const string List = "list";

    /// <summary>Runs a program in a jail.</summary>
    public const string Exec = "exec";

    /// <summary>Lists processes of a jail, and of those in it.</summary>
    public const string Processes = "processes";

    /// <summary>Sends a signal, the first setting's value, to all processes of a jail.</summary>
    public const string Signal = "signal";

    /// <summary>Waits until no program runs in a jail, nor in jails in it; at most the first setting's value in seconds. The answer's
    /// processes are those that still run.</summary>
    public const string Wait = "wait";

    /// <summary>Sends what a jail sees at a path, the first setting's value, as a tar archive (output frames); without a path its system, and the
    /// answer's rows are the paths that are left out.</summary>
    public const string Archive = "archive";

    /// <summary>Takes a tar archive (input frames) into a jail, at the first setting's value.</summary>
    public const string Extract = "extract";

    /// <summary>What processes do (top): a line for each in <see cref="ControlReply.Text"/>, with tabs between pid, jail, user, state, threads,
    /// milliseconds of processor time, bytes of memory, name.</summary>
    public const string Activity = "activity";

    /// <summary>Open files (lsof): a line for each in <see cref="ControlReply.Text"/>.</summary>
    public const string Files = "files";

    /// <summary>Tells system calls, line by line as output, until the client hangs up: of a jail, or of the process that the first setting's
    /// value names.</summary>
    public const string Trace = "trace";

    /// <summary>Tells what the kernel says, or the programs of a jail print that run by themselves, until the client hangs up.</summary>
    public const string Console = "console";

    /// <summary>Ends the programs of a jail and starts again what was started in it to run by itself.</summary>
    public const string Restart = "restart";

    /// <summary>Counts objects.</summary>
    public const string Census = "census";

    /// <summary>What a jail has of each resource, and may have.</summary>
    public const string Usage = "usage";

    /// <summary>Rules for resources: each setting is "add", "list", "remove" or "use" with a rule as its value.</summary>
    public const string Resources = "resources";

    /// <summary>Tells what happens, line by line as output, until the client hangs up.</summary>
    public const string Events = "events";

    /// <summary>About networks: the first setting's name is what to do, the names of the others are its words. Answers with rows.</summary>
    public const string Network = "network";

    /// <summary>Shows what passes a network, as output until the client hangs up: the settings "interface" and "text".</summary>
    public const string Capture = "capture";

    /// <summary>What a program that runs by itself printed.</summary>
    public const string Logs = "logs";

    /// <summary>Ends the kernel. Programs have time to end by themselves, all together the first setting's value in seconds (10).</summary>
    public const string Halt = "halt";
}
