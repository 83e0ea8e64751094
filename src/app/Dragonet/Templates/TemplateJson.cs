using System.Text.Json.Serialization;

namespace Dragonet.Templates;

/// <summary>How notes about templates become JSON, without reflection.</summary>
[JsonSerializable(typeof(Template))]
internal sealed partial class TemplateJson : JsonSerializerContext;
