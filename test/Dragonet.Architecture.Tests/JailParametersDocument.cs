using System.Text;
using Dragonet.Kernel;

namespace Dragonet.Architecture.Tests;

/// <summary>docs/jail-parameters.md.</summary>
internal static class JailParametersDocument
{
    internal static string Text()
    {
        var text = new StringBuilder();
        _ = text.Append("# Jail parameters\n\nWritten from `src/kernel/Dragonet.Kernel/Jails/JailParameters.cs`; see the last line of README.md.\n")
            .Append("Flags stand alone, or with \"no\" before the last part of the name: `persist`, `nopersist`, `allow.noraw_sockets`.\n")
            .Append("Numbers may end in k, m, g or t. Maps are set by key: `meta.owner=joe`.\n\n")
            .Append("| parameter | values | default | may change | what it does |\n|---|---|---|---|---|\n");
        foreach (var parameter in JailParameters.All)
        {
            var values = parameter.Kind switch
            {
                JailParameterKind.Number => $"{parameter.Range.Least} to {parameter.Range.Most}",
                JailParameterKind.Text => $"text, {parameter.Length} bytes",
                JailParameterKind.Choice => string.Join(", ", parameter.Choices),
                _ => parameter.Kind.ToString().ToLowerInvariant(),
            };
            var change = parameter.ReadOnly ? "no" : parameter.OnlyAtCreation ? "at creation" : parameter.Inherited ? "yes, not wider than the jail it is in" : "yes";
            _ = text.Append($"| `{parameter.Name}` | {values} | {parameter.Default} | {change} | {parameter.Summary} |\n");
        }

        return text.ToString();
    }
}
