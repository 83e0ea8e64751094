namespace Dragonet.Cli.Jails.Configuration;

/// <summary>One assignment of jail.conf(5).</summary>
/// <param name="Name">The parameter, or "$variable".</param>
/// <param name="Values">What follows "="; null for a flag.</param>
/// <param name="Appends">"+=".</param>
internal sealed record ConfigStatement(ConfigToken Name, IReadOnlyList<ConfigToken>? Values, bool Appends);
