using System.Globalization;
using System.Text;
using Dragonet.Control;

namespace Dragonet.Cli.Standing;

/// <summary>What `dragonet rctl` asks, answered by the kernel that stays.</summary>
internal static class ResourceRequests
{
    internal static string Answer(ResourceControl resources, string what, string rule)
    {
        switch (what)
        {
            case "add":
                resources.Add(rule);
                return "";
            case "remove":
                return resources.Remove(rule) > 0 ? "" : throw new ControlException($"no rule fits \"{rule}\"");
            case "list":
                return string.Concat(resources.List(rule).Select(static line => line + "\n"));
            case "use":
                return Use(resources.GetUse(rule));
            default:
                throw new ControlException($"unknown request '{what}'");
        }
    }

    /// <summary>A line each: subject, resource, held, maxheld, limit, failcnt.</summary>
    private static string Use(IReadOnlyList<SubjectUse> uses)
    {
        var text = new StringBuilder();
        foreach (var use in uses)
        {
            foreach (var amount in use.Amounts)
            {
                _ = text.Append(CultureInfo.InvariantCulture, $"{use.Subject} {amount.Resource} {amount.Held} {amount.MaxHeld} {amount.Limit?.ToString(CultureInfo.InvariantCulture) ?? "-"} {amount.Failures}\n");
            }
        }

        return text.ToString();
    }
}
