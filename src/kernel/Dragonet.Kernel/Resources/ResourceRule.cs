using System.Globalization;

namespace Dragonet.Kernel;

/// <summary>A rule of rctl(8): subject:subject-id:resource:action=amount/per.</summary>
/// <param name="Subject">Whom it is about.</param>
/// <param name="Id">Name of a jail, number of a user or a process.</param>
/// <param name="Resource">Of what.</param>
/// <param name="Action">What happens beyond the amount.</param>
/// <param name="Amount">How much there may be.</param>
/// <param name="Per">For each of whom; the subject itself by default.</param>
public sealed record ResourceRule(ResourceSubject Subject, string Id, Resource Resource, ResourceAction Action, long Amount, ResourceSubject Per)
{
    /// <summary>The limit of a jail as a whole: what accounts enforce by themselves.</summary>
    internal bool IsPlain => Subject == ResourceSubject.Jail && Per == ResourceSubject.Jail && Action.Kind == ResourceActionKind.Deny;

    /// <inheritdoc/>
    public override string ToString()
    {
        var per = Per == Subject ? "" : "/" + ResourceFilter.NameOf(Per);
        return string.Create(CultureInfo.InvariantCulture, $"{ResourceFilter.NameOf(Subject)}:{Id}:{ResourceKind.Of(Resource).Name}:{Action}={Amount}{per}");
    }
}
