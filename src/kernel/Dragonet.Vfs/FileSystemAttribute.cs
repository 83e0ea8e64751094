namespace Dragonet.Vfs;

/// <summary>Names a <see cref="FileSystemType"/> as mount(2) calls it.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class FileSystemAttribute(string name) : Attribute
{
    /// <summary>The name.</summary>
    public string Name { get; } = name;
}
