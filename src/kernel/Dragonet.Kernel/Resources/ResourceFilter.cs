using System.Globalization;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>A rule with gaps, as rctl(8) takes it to list and to remove; what is null fits everything.</summary>
public sealed record ResourceFilter(ResourceSubject? Subject, string? Id, Resource? Resource, ResourceAction? Action, long? Amount, ResourceSubject? Per)
{
    private const int Longest = 512;

    /// <summary>Reads subject:subject-id:resource:action=amount/per, of which every part may be missing from its end on, or be empty.</summary>
    /// <param name="text">The rule.</param>
    /// <param name="why">Of a failure, in one line.</param>
    /// <returns>EINVAL, ERANGE (the amount), E2BIG (the whole).</returns>
    public static Result<ResourceFilter> Parse(string text, out string why)
    {
        if (text.Length > Longest)
        {
            why = $"a rule has {Longest} characters at most";
            return Errno.E2BIG;
        }

        why = "";
        var parts = text.Split(':');
        if (parts.Length > 4)
        {
            why = $"\"{text}\": a rule has four parts: subject:subject-id:resource:action=amount/per";
            return Errno.EINVAL;
        }

        if (!Subjects(Part(parts, 0), out var subject, out why))
        {
            return Errno.EINVAL;
        }

        var id = Part(parts, 1);
        if (id is not null && !IsId(subject, ref id, out why))
        {
            return Errno.EINVAL;
        }

        var name = Part(parts, 2);
        var kind = name is null ? null : ResourceKind.Find(name);
        if (name is not null && kind is null)
        {
            why = $"\"{name}\" is no resource: {string.Join(' ', ResourceKind.All.Select(each => each.Name))}";
            return Errno.EINVAL;
        }

        ResourceAction? action = null;
        long? amount = null;
        ResourceSubject? per = null;
        if (Part(parts, 3) is { } last)
        {
            var equals = last.IndexOf('=', StringComparison.Ordinal);
            var word = equals < 0 ? last : last[..equals];
            action = word.Length == 0 ? null : ResourceAction.Parse(word);
            if (word.Length > 0 && action is null)
            {
                why = $"\"{word}\" is no action: deny, log, devctl, throttle, or sigterm and its kin";
                return Errno.EINVAL;
            }

            var rest = equals < 0 ? "" : last[(equals + 1)..];
            var slash = rest.IndexOf('/', StringComparison.Ordinal);
            var digits = slash < 0 ? rest : rest[..slash];
            if (slash >= 0 && !Subjects(rest[(slash + 1)..], out per, out why))
            {
                return Errno.EINVAL;
            }

            if (digits.Length > 0)
            {
                var error = ParseAmount(digits, out var value);
                if (error != Errno.OK)
                {
                    why = error == Errno.ERANGE ? $"\"{digits}\" is too large" : $"\"{digits}\" is no amount: a whole number, with k, m, g or t behind";
                    return error;
                }

                amount = value;
            }
        }

        return new ResourceFilter(subject, id, kind?.Resource, action, amount, per);
    }

    /// <summary>Whether it fits a rule.</summary>
    public bool Fits(ResourceRule rule)
        => (Subject is null || Subject == rule.Subject) && (Id is null || Id == rule.Id) && (Resource is null || Resource == rule.Resource)
            && (Action is null || Action == rule.Action) && (Amount is null || Amount == rule.Amount) && (Per is null || Per == rule.Per);

    /// <summary>Makes a rule that can be added: complete, and one that makes sense.</summary>
    /// <returns>EINVAL when a part is missing; EOPNOTSUPP when there is no such thing.</returns>
    public Result<ResourceRule> ToRule(out string why)
    {
        if (Subject is not { } subject || Id is null || Resource is not { } resource || Action is not { } action || Amount is not { } amount)
        {
            why = "a rule needs all its parts: subject:subject-id:resource:action=amount";
            return Errno.EINVAL;
        }

        var per = Per ?? subject;
        var kind = ResourceKind.Of(resource);
        why = subject == ResourceSubject.LoginClass || per == ResourceSubject.LoginClass ? "there are no login classes on Linux"
            : per > subject ? $"/{NameOf(per)}: a {NameOf(subject)} has none in it"
            : per == ResourceSubject.Process && !kind.OfProcesses ? $"{kind.Name}: processes have none; users and jails have"
            : per != ResourceSubject.Jail && kind.Counting == ResourceCounting.Rate ? $"{kind.Name}: rules for jails only"
            : action.Kind == ResourceActionKind.Throttle && kind.Denial != ResourceDenial.Throttles ? $"{kind.Name}: cannot be throttled"
            : kind.Denial == ResourceDenial.Throttles && (action.Kind != ResourceActionKind.Throttle || per != ResourceSubject.Jail) ? $"{kind.Name}: \"throttle\" for jails is all there is"
            : action.Kind != ResourceActionKind.Deny ? ""
            : kind.Denial switch
            {
                ResourceDenial.Never => $"{kind.Name}: cannot be denied",
                ResourceDenial.EachProcess when per != ResourceSubject.Process => $"{kind.Name}: can be denied to each process only: deny=…/process",
                ResourceDenial.Kills or ResourceDenial.WholeJail when per != ResourceSubject.Jail => $"{kind.Name}: can be denied to jails only",
                _ => "",
            };
        return why.Length > 0 ? Errno.EOPNOTSUPP : new ResourceRule(subject, Id, resource, action, amount, per);
    }

    /// <summary>As rules spell it.</summary>
    public static string NameOf(ResourceSubject subject) => subject switch
    {
        ResourceSubject.Process => "process",
        ResourceSubject.User => "user",
        ResourceSubject.LoginClass => "loginclass",
        _ => "jail",
    };

    private static string? Part(string[] parts, int index) => index < parts.Length && parts[index].Length > 0 ? parts[index] : null;

    private static bool Subjects(string? word, out ResourceSubject? subject, out string why)
    {
        why = "";
        subject = word switch
        {
            "process" or "p" => ResourceSubject.Process,
            "user" or "u" => ResourceSubject.User,
            "loginclass" or "l" => ResourceSubject.LoginClass,
            "jail" or "j" => ResourceSubject.Jail,
            _ => null,
        };
        if (word is not null && subject is null)
        {
            why = $"\"{word}\" is no subject: process, user, loginclass or jail";
        }

        return why.Length == 0;
    }

    private static bool IsId(ResourceSubject? subject, ref string id, out string why)
    {
        why = "";
        if (subject is not (ResourceSubject.Process or ResourceSubject.User))
        {
            return true;
        }

        id = id == "root" && subject == ResourceSubject.User ? "0" : id;
        if (!uint.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            why = $"\"{id}\" is no number of a {NameOf(subject.Value)}";
            return false;
        }

        id = number.ToString(CultureInfo.InvariantCulture);
        return true;
    }

    /// <summary>expand_number(3): digits, and k, m, g, t or p for powers of 1024.</summary>
    private static Errno ParseAmount(string text, out long amount)
    {
        amount = 0;
        var shift = char.ToLowerInvariant(text[^1]) switch { 'k' => 10, 'm' => 20, 'g' => 30, 't' => 40, 'p' => 50, _ => 0 };
        var digits = shift > 0 ? text[..^1] : text;
        if (digits.Length == 0 || digits.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            return Errno.EINVAL;
        }

        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out amount) || amount > long.MaxValue >> shift)
        {
            return Errno.ERANGE;
        }

        amount <<= shift;
        return Errno.OK;
    }
}
