namespace Dragonet;

/// <summary>Something asked of the library cannot be done. The message is one line: what was wrong, and what to do.</summary>
public class DragonetException(string message, Exception? inner = null) : Exception(message, inner);
