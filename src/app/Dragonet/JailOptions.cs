namespace Dragonet;

/// <summary>A jail to make. <see cref="Parameters"/> takes everything that docs/jail-parameters.md has; the rest of this class is for the common ones.</summary>
public sealed class JailOptions
{
    /// <summary>Its name; its number when null. A dot puts it into the jail before the dot.</summary>
    public string? Name { get; init; }

    /// <summary>The directory that becomes its root, in the tree of the jail it is in.</summary>
    public string Path { get; init; } = "/";

    /// <summary>uname -n; that of the jail it is in when null.</summary>
    public string? HostName { get; init; }

    /// <summary>Its root is a writable layer of its own, in memory, over the path.</summary>
    public bool Overlay { get; init; }

    /// <summary>Most processes; null for the default.</summary>
    public int? ProcessLimit { get; init; }

    /// <summary>Most bytes of memory; null for what the kernel has.</summary>
    public long? MemoryLimit { get; init; }

    /// <summary>Other parameters by name, in text; null for a flag that is on.</summary>
    public IReadOnlyDictionary<string, string?> Parameters { get; init; } = new Dictionary<string, string?>();

    internal List<KeyValuePair<string, string?>> ToSettings()
    {
        var settings = new List<KeyValuePair<string, string?>> { new("path", Path), new("persist", null) };
        Add("name", Name);
        Add("host.hostname", HostName);
        Add("overlay", Overlay ? "true" : null);
        Add("limit.maxproc", ProcessLimit?.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Add("limit.memoryuse", MemoryLimit?.ToString(System.Globalization.CultureInfo.InvariantCulture));
        settings.AddRange(Parameters);
        return settings;

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                settings.Add(new(name, value));
            }
        }
    }
}
