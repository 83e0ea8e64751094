using System.IO;
using System.Reflection;
using System.Runtime.CompilerServices;
using Xunit;

namespace Dragonet.Architecture.Tests;

/// <summary>A host process may hold many kernels, so nothing is remembered outside of them.</summary>
public sealed class StaticStateTests
{
    // It observes locks, it carries no kernel state.
    private static readonly string[] s_allowed = ["Dragonet.Base.LockDebug.s_held"];

    [Fact]
    public void No_static_field_can_be_assigned()
    {
        const BindingFlags all = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        var fields = Assemblies().SelectMany(assembly => assembly.GetTypes())
            .Where(type => !IsMadeByCompiler(type))
            .SelectMany(type => type.GetFields(all))
            .Where(field => !field.IsInitOnly && !field.IsLiteral && !field.IsDefined(typeof(CompilerGeneratedAttribute)))
            .Select(field => $"{field.DeclaringType}.{field.Name}")
            .Except(s_allowed);
        Assert.Empty(fields);
    }

    private static IEnumerable<Assembly> Assemblies()
    {
        // A project without sources has no types, and its assembly is not copied here.
        var sources = Repository.Sources().Select(Repository.Relative).ToList();
        var names = Repository.Projects("src")
            .Where(project => sources.Exists(file => file.StartsWith(Repository.Relative(Path.GetDirectoryName(project)!) + "/", StringComparison.Ordinal)))
            .Select(project => Path.GetFileNameWithoutExtension(project)!)
            .Select(name => name == "Dragonet.Cli" ? "dragonet-cli" : name);
        return names.Select(Assembly.Load);
    }

    private static bool IsMadeByCompiler(Type? type)
        => type is not null && (type.IsDefined(typeof(CompilerGeneratedAttribute)) || type.Name.StartsWith('<') || IsMadeByCompiler(type.DeclaringType));
}
