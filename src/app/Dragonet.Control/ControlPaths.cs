using System.IO;

namespace Dragonet.Control;

/// <summary>Where a kernel that stays is found: a directory of its user, with a socket, a lock and a log.</summary>
public sealed class ControlPaths
{
    private ControlPaths(string directory) => Directory = directory;

    /// <summary>Its directory.</summary>
    public string Directory { get; }

    /// <summary>Where it listens.</summary>
    public string Socket => Path.Combine(Directory, "control");

    /// <summary>Locked by whoever is, or becomes, this kernel: nobody else touches it.</summary>
    public string Owner => Path.Combine(Directory, "owner");

    /// <summary>Locked while it lives: what others look at.</summary>
    public string Lock => Path.Combine(Directory, "lock");

    /// <summary>The number of its process.</summary>
    public string ProcessId => Path.Combine(Directory, "pid");

    /// <summary>What it says.</summary>
    public string Log => Path.Combine(Directory, "log");

    /// <summary>The name that kernels have when nobody gives one.</summary>
    public const string DefaultName = "default";

    /// <summary>The places of a kernel.</summary>
    /// <exception cref="ControlException">Its name is none.</exception>
    public static ControlPaths Of(string name)
    {
        if (name.Length is 0 or > 32 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            throw new ControlException($"kernel '{name}': a name has letters, digits, - and _, 32 at most");
        }

        return new ControlPaths(Path.Combine(Base(), name));
    }

    /// <summary>Names of all kernels that have a directory.</summary>
    public static IReadOnlyList<string> Names()
        => System.IO.Directory.Exists(Base()) ? [.. System.IO.Directory.GetDirectories(Base()).Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)] : [];

    /// <summary>Where this user's switch listens when nobody says where.</summary>
    public static string DefaultSwitch => Path.Combine(Base(), "switch.sock");

    /// <summary>Makes the directory of <see cref="DefaultSwitch"/>.</summary>
    /// <exception cref="ControlException">Somebody else has it.</exception>
    public static void MakeBase() => MakeDirectory(Base(), Own | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);

    /// <summary>Makes the directory, for this user alone. The one above may be passed by whoever knows a name in it.</summary>
    /// <exception cref="ControlException">Somebody else has it.</exception>
    public void Make()
    {
        MakeBase();
        MakeDirectory(Directory, Own);
    }

    /// <summary>True while its kernel lives.</summary>
    public bool IsAlive
    {
        get
        {
            if (!File.Exists(Lock))
            {
                return false;
            }

            try
            {
                // The kernel holds it with a lock that ends with its process, however that ends.
                using var probe = new FileStream(Lock, FileMode.Open, FileAccess.Read, FileShare.Read);
                return false;
            }
            catch (IOException)
            {
                return true;
            }
            catch (UnauthorizedAccessException)
            {
                return true; // it is not ours to look at: connecting tells
            }
        }
    }

    private const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static void MakeDirectory(string path, UnixFileMode mode)
    {
        try
        {
            _ = System.IO.Directory.CreateDirectory(path, mode);
            File.SetUnixFileMode(path, mode); // fails when it is somebody else's
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ControlException($"{path}: {failure.Message}", failure);
        }
    }

    private static string Base()
        => Environment.GetEnvironmentVariable("DRAGONET_RUNTIME_DIR") is { Length: > 0 } given ? given
            : Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime && System.IO.Directory.Exists(runtime)
            ? Path.Combine(runtime, "dragonet")
            : Environment.UserName == "root" ? "/run/dragonet" : $"/tmp/dragonet-{Environment.UserName}"; // nobody else can have made it first
}
