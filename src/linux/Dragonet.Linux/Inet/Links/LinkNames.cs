using System.Globalization;
using Dragonet.Net;

namespace Dragonet.Linux.Inet;

/// <summary>Names of interfaces.</summary>
internal static class LinkNames
{
    /// <summary>Interfaces of one stack that guests may make.</summary>
    public const int MaxLinks = 1024;

    private const int MaxName = 15; // IFNAMSIZ without the end

    /// <summary>dev_valid_name of Linux.</summary>
    public static bool IsName(string name)
        => name.Length is > 0 and <= MaxName && name is not ("." or "..") && name.All(static letter => letter is > ' ' and < '\x7f' and not ('/' or ':'));

    /// <summary>A name with a number behind it, no longer than one may be.</summary>
    public static string Numbered(string name, int number)
    {
        var end = "_" + number.ToString(CultureInfo.InvariantCulture);
        return name[..Math.Min(name.Length, MaxName - end.Length)] + end;
    }

    /// <summary>The first free name of a pattern with a number in it (dev_alloc_name of Linux). Inside the stack.</summary>
    /// <param name="stack">Where it shall be free.</param>
    /// <param name="pattern">The pattern, or a name.</param>
    /// <param name="taken">Another one that is not free.</param>
    public static string Choose(Stack stack, string pattern, string? taken = null)
    {
        var at = pattern.IndexOf("%d", StringComparison.Ordinal);
        if (at < 0)
        {
            return pattern;
        }

        for (var number = 0; ; number++)
        {
            var candidate = string.Concat(pattern.AsSpan(0, at), number.ToString(CultureInfo.InvariantCulture), pattern.AsSpan(at + 2));
            if (candidate != taken && stack.FindInterface(candidate) is null)
            {
                return candidate;
            }
        }
    }
}
