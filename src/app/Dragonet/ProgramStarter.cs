using System.Text;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Devices.Host;
using Dragonet.Kernel;
using Dragonet.Linux.Loader;
using Dragonet.Vfs;

namespace Dragonet;

/// <summary>Makes a process from outside: credentials, descriptors, environment, then exec.</summary>
internal sealed class ProgramStarter(Kernel.Kernel kernel, KernelCaller caller, Jail jail)
{
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    internal GuestProcess Start(ProgramOptions program)
    {
        if (program.Arguments.Count == 0)
        {
            throw new DragonetException("no program was named");
        }

        var arguments = program.Arguments.Select(ByteString.FromText).ToList();
        var environment = program.Environment ?? DefaultEnvironment;
        var root = jail.Mounts.Root;
        var cwd = root;
        if (program.WorkingDirectory is { } directory
            && !kernel.Vfs.Lookup(new WalkContext(caller, root, root), ByteString.FromText(directory), WalkFlags.Follow | WalkFlags.Directory).Ok(out cwd!, out var missing))
        {
            throw new DragonetException($"working directory {directory}: {(missing == Errno.ENOENT ? "does not exist in the guest" : missing.ToString())}");
        }

        var credentials = program.User is { } user ? new UserLookup(kernel, caller, root).Find(user) : Credentials.Root;
        var files = new FdTable(jail);
        var process = new GuestProcess(kernel);
        Install(files, process, program.Input, 0);
        Install(files, process, program.Output, 1);
        Install(files, process, program.Error, 2);

        if (!kernel.CreateProcess(credentials, files, new FsContext(root, cwd, 0x12), jail).Ok(out var task, out var error))
        {
            files.Leave();
            throw new ProgramException(program.Arguments[0], error);
        }

        if ((program.Input.Console ?? program.Output.Console ?? program.Error.Console) is { } console)
        {
            _ = console.Terminal.Control(task);
        }

        process.Attach(task.Process, program.Timeout);
        foreach (var path in Candidates(arguments[0], environment))
        {
            var opened = kernel.Vfs.OpenExecutable(new WalkContext(task, root, cwd), path);
            if (!opened.Ok(out var file, out var failed))
            {
                error = error is Errno.EACCES ? error : failed;
                continue;
            }

            var result = ProgramStart.Exec(task, file, path, arguments, [.. environment.Select(pair => ByteString.FromText($"{pair.Key}={pair.Value}"))]);
            if (result.IsNoReturn)
            {
                kernel.FinishStart(task);
                return process;
            }

            error = result.Error;
            break;
        }

        task.Process.BeginExit(127 << 8);
        kernel.FinishStart(task);
        throw new ProgramException(program.Arguments[0], error);
    }

    private static Dictionary<string, string> DefaultEnvironment => new() { ["PATH"] = DefaultPath, ["HOME"] = "/root", ["LANG"] = "C.UTF-8" };

    /// <summary>Where a name may be: itself when it has a slash, else in each directory of PATH (execvp(3)).</summary>
    private static IEnumerable<string> Candidates(string name, IReadOnlyDictionary<string, string> environment)
    {
        if (name.Contains('/', StringComparison.Ordinal))
        {
            return [name];
        }

        var path = environment.TryGetValue("PATH", out var value) && value.Length > 0 ? value : DefaultPath;
        return ByteString.FromText(path).Split(':').Select(directory => directory.Length == 0 ? "./" + name : $"{directory}/{name}");
    }

    private void Install(FdTable files, GuestProcess process, GuestStream stream, int fd)
    {
        var flags = fd == 0 ? OpenFlags.O_RDONLY : OpenFlags.O_WRONLY;
        OpenFile file;
        switch (stream.Type)
        {
            case GuestStream.Kind.Host:
                file = new HostStreamFile(kernel.Platform.OpenStream(stream.Descriptor), flags, kernel.NextAnonymousInode(), kernel.Drain);
                break;
            case GuestStream.Kind.Pipe:
                file = process.MakePipe(fd, flags);
                break;
            case GuestStream.Kind.Terminal:
                // By its name, so that ttyname(3) finds it; where /dev/pts is not there, without one.
                var place = jail.Mounts.Root;
                var named = kernel.Vfs.Open(new WalkContext(caller, place, place), $"/dev/pts/{stream.Console!.Terminal.Terminal.Index}", new OpenRequest(OpenFlags.O_RDWR | OpenFlags.O_NOCTTY));
                file = named.IsOk ? named.Value : stream.Console!.Terminal.Open().Value;
                break;
            default:
                var root = jail.Mounts.Root;
                if (!kernel.Vfs.Open(new WalkContext(caller, root, root), "/dev/null", new OpenRequest(flags)).Ok(out file!, out _))
                {
                    // A root without /dev: a pipe whose other end is closed reads as empty.
                    file = process.MakePipe(fd, flags);
                    process.ClosePipe(fd);
                }

                break;
        }

        _ = files.InstallAt(null, file, fd, closeOnExec: false);
    }
}
