namespace Dragonet.Cli.Jails.Configuration;

/// <summary>A jail as jail.conf(5) defines it: what holds for all, for patterns that match, and for itself, the later over the earlier.</summary>
internal sealed class JailDefinition
{
    private readonly Dictionary<string, List<string>?> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SourcePlace> _places = new(StringComparer.Ordinal);

    private JailDefinition(string name, SourcePlace place)
    {
        Name = name;
        Place = place;
    }

    internal string Name { get; }

    internal SourcePlace Place { get; }

    /// <summary>The parameters, each with its values; null for a flag.</summary>
    internal IReadOnlyDictionary<string, List<string>?> Values => _values;

    /// <summary>The jails of a configuration, in order.</summary>
    internal static IReadOnlyList<JailDefinition> Of(IReadOnlyList<ConfigBlock> blocks)
    {
        var named = blocks.Where(block => !block.IsPattern).Select(block => block.Pattern).Distinct(StringComparer.Ordinal);
        return [.. named.Select(name => Make(name, blocks))];
    }

    /// <summary>All values of a parameter; none when it is not there.</summary>
    internal IReadOnlyList<string> List(string name) => _values.GetValueOrDefault(name) ?? [];

    /// <summary>The last value of a parameter, or null.</summary>
    internal string? Text(string name) => List(name) is [.., var last] ? last : null;

    /// <summary>True when a flag is there, and not off.</summary>
    internal bool Flag(string name) => _values.TryGetValue(name, out var values) && (values is null || values[^1] is "1" or "true" or "yes");

    internal SourcePlace PlaceOf(string name) => _places.GetValueOrDefault(name, Place);

    private static JailDefinition Make(string name, IReadOnlyList<ConfigBlock> blocks)
    {
        var jail = new JailDefinition(name, blocks.First(block => block.Pattern == name).Place);
        jail._values["name"] = [name];
        var statements = blocks.Where(block => block.IsPattern && block.Matches(name)).Concat(blocks.Where(block => block.Pattern == name)).SelectMany(block => block.Statements).ToList();

        // What is set first, what it is made of afterwards: a default may speak of what a jail says of itself.
        var last = new Dictionary<string, List<ConfigToken>?>(StringComparer.Ordinal);
        foreach (var statement in statements)
        {
            var key = statement.Name.Plain;
            jail._places[key] = statement.Name.Place;
            Forget(last, key);
            last[key] = statement.Values is null ? null : statement.Appends && last.GetValueOrDefault(key) is { } before ? [.. before, .. statement.Values] : [.. statement.Values];
        }

        foreach (var (key, tokens) in last)
        {
            jail._values[key] = tokens is null ? null : [.. tokens.Select(token => token.Expand(variable => Look(variable, 0)))];
        }

        return jail;

        string? Look(string variable, int depth)
        {
            const int most = 20;
            if (variable == "name")
            {
                return name;
            }

            if (depth > most)
            {
                return null; // it is made of itself
            }

            var tokens = last.GetValueOrDefault("$" + variable) ?? last.GetValueOrDefault(variable);
            return tokens is null ? null : string.Join(",", tokens.Select(token => token.Expand(inner => Look(inner, depth + 1))));
        }
    }

    /// <summary>persist and nopersist are one parameter.</summary>
    private static void Forget(Dictionary<string, List<ConfigToken>?> values, string key)
    {
        var dot = key.LastIndexOf('.') + 1;
        _ = key[dot..].StartsWith("no", StringComparison.Ordinal) ? values.Remove(key[..dot] + key[(dot + 2)..]) : values.Remove($"{key[..dot]}no{key[dot..]}");
    }
}
