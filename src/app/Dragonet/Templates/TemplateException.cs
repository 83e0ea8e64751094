namespace Dragonet.Templates;

/// <summary>A template cannot be made or used as asked; the message says why, in one line.</summary>
public sealed class TemplateException(string message, Exception? inner = null) : DragonetException(message, inner);
