using System.Globalization;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>The parameters of one jail. Immutable: a change makes a new one, so that a failed change changes nothing.</summary>
internal sealed class JailValues
{
    private readonly Dictionary<JailParameter, string> _texts;
    private readonly SortedDictionary<string, string> _keys;

    private JailValues(Dictionary<JailParameter, string> texts, SortedDictionary<string, string> keys)
    {
        _texts = texts;
        _keys = keys;
    }

    /// <summary>Nothing but defaults.</summary>
    internal static JailValues Defaults { get; } = new([], new(StringComparer.Ordinal));

    /// <summary>The values of map parameters, as NAME.KEY.</summary>
    internal IReadOnlyDictionary<string, string> Keys => _keys;

    internal string Text(JailParameter parameter) => _texts.GetValueOrDefault(parameter, parameter.Default);

    internal bool Flag(JailParameter parameter) => Text(parameter) == "true";

    internal long Number(JailParameter parameter) => long.TryParse(Text(parameter), CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>It has no network stack of its own: it names what it has of the one of the jail it is in.</summary>
    internal bool SharesNetwork => Text(JailParameters.Ip4) != "own" || Text(JailParameters.Ip6) != "own" || Text(JailParameters.Ip4Address) != "" || Text(JailParameters.Ip6Address) != "";

    /// <summary>Of a jail that shares a network stack, which stays so without an address, too.</summary>
    internal JailValues Sharing() => SharesNetwork ? this : With(JailParameters.Ip4, "new");

    /// <summary>A parameter of a jail that shares a stack: addresses imply "new", and who shares it for one family has none of the other.</summary>
    internal string NetworkText(JailParameter parameter)
        => parameter == JailParameters.Ip4 || parameter == JailParameters.Ip6
            ? Text(parameter) is not "own" and var said ? said : Text(parameter == JailParameters.Ip4 ? JailParameters.Ip4Address : JailParameters.Ip6Address) == "" ? "disable" : "new"
            : Text(parameter);

    internal bool IsSet(JailParameter parameter) => _texts.ContainsKey(parameter);

    /// <summary>A copy with another value, which is known to be good.</summary>
    internal JailValues With(JailParameter parameter, string value) => new(new(_texts) { [parameter] = value }, _keys);

    /// <summary>A copy with what somebody asked for.</summary>
    /// <param name="settings">Names and values; a name alone, or with "no", for flags.</param>
    /// <param name="creating">The jail is being made.</param>
    /// <param name="why">Of a failure.</param>
    internal Result<JailValues> With(IEnumerable<KeyValuePair<string, string?>> settings, bool creating, out string why)
    {
        var changed = new JailValues(new(_texts), new(_keys, StringComparer.Ordinal));
        foreach (var (name, value) in settings)
        {
            var error = changed.Set(name, value, creating, out why);
            if (error != Errno.OK)
            {
                return error;
            }
        }

        why = "";
        return changed;
    }

    private Errno Set(string name, string? value, bool creating, out string why)
    {
        var parameter = JailParameters.All.FirstOrDefault(known => known.Name == name);
        if (parameter is null && JailParameters.All.FirstOrDefault(known => known.Kind == JailParameterKind.Flag && known.NegativeName == name) is { } negative)
        {
            why = $"{name}: takes no value";
            return value is null ? Set(negative.Name, "false", creating, out why) : Errno.EINVAL;
        }

        if (parameter is null && JailParameters.All.FirstOrDefault(known => known.Kind == JailParameterKind.Map && name.StartsWith(known.Name + ".", StringComparison.Ordinal)) is not null)
        {
            return SetKey(name, value, out why);
        }

        if (parameter is null)
        {
            why = $"unknown parameter: {name}";
            return Errno.ENOENT;
        }

        if (parameter.ReadOnly)
        {
            why = $"{name}: cannot be set";
            return Errno.EINVAL;
        }

        var error = Check(parameter, ref value, out why);
        if (error == Errno.OK && parameter.OnlyAtCreation && !creating && value != Text(parameter))
        {
            why = $"{name}: cannot be changed after creation";
            return Errno.EINVAL;
        }

        if (error == Errno.OK)
        {
            _texts[parameter] = value!;
        }

        return error;
    }

    private Errno SetKey(string name, string? value, out string why)
    {
        const int most = 4096;
        why = "";
        if (string.IsNullOrEmpty(value))
        {
            _ = _keys.Remove(name);
            return Errno.OK;
        }

        if (value.Contains('\0', StringComparison.Ordinal) || value.Contains('\n', StringComparison.Ordinal) || name.EndsWith('.'))
        {
            why = $"{name}: no newline or NUL can be in it, and it needs a key";
            return Errno.EINVAL;
        }

        var prefix = name[..(name.IndexOf('.', StringComparison.Ordinal) + 1)];
        if (_keys.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal) && pair.Key != name).Sum(pair => pair.Key.Length + pair.Value.Length + 2) + name.Length + value.Length > most)
        {
            why = $"{name}: all of {prefix.TrimEnd('.')} may have {most} bytes";
            return Errno.EFBIG;
        }

        _keys[name] = value;
        return Errno.OK;
    }

    private static Errno Check(JailParameter parameter, ref string? value, out string why)
    {
        why = "";
        switch (parameter.Kind)
        {
            case JailParameterKind.Flag:
                value = value is null or "1" or "true" or "yes" ? "true" : value is "0" or "false" or "no" ? "false" : null;
                why = $"{parameter.Name}: true or false";
                return value is null ? Errno.EINVAL : Errno.OK;
            case JailParameterKind.Number:
                var (least, most) = parameter.Range;
                if (!TryNumber(value, out var number) || number < least || number > most)
                {
                    why = $"{parameter.Name}: a number from {least} to {most}";
                    return Errno.EINVAL;
                }

                value = number.ToString(CultureInfo.InvariantCulture);
                return Errno.OK;
            case JailParameterKind.Choice:
                if (value is null || !parameter.Choices.Contains(value))
                {
                    why = $"{parameter.Name}: one of {string.Join(", ", parameter.Choices)}";
                    return Errno.EINVAL;
                }

                return Errno.OK;
            default:
                if (value is null || value.Length > parameter.Length || value.Contains('\0', StringComparison.Ordinal) || value.Contains('\n', StringComparison.Ordinal))
                {
                    why = $"{parameter.Name}: a text of at most {parameter.Length} bytes";
                    return value is { } text && text.Length > parameter.Length ? Errno.ENAMETOOLONG : Errno.EINVAL;
                }

                return Errno.OK;
        }
    }

    /// <summary>A number, with k, m, g or t for powers of 1024.</summary>
    private static bool TryNumber(string? text, out long number)
    {
        number = 0;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        var unit = "kmgt".IndexOf(char.ToLowerInvariant(text[^1]), StringComparison.Ordinal) + 1;
        if (!long.TryParse(unit > 0 ? text[..^1] : text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number) || number > long.MaxValue >> (10 * unit))
        {
            return false;
        }

        number <<= 10 * unit;
        return true;
    }
}
