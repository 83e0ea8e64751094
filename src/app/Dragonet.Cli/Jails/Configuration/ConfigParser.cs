using System.IO;
using System.IO.Enumeration;

namespace Dragonet.Cli.Jails.Configuration;

/// <summary>Reads jail.conf(5) and what it includes.</summary>
internal sealed class ConfigParser
{
    private const int MostIncludes = 64;

    private readonly List<ConfigBlock> _blocks = [];
    private int _depth;

    /// <summary>The blocks of a file, in order.</summary>
    internal static IReadOnlyList<ConfigBlock> Read(string file)
    {
        var parser = new ConfigParser();
        try
        {
            parser.Parse(file, File.ReadAllText(file));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"{file}: {failure.Message}");
        }

        return parser._blocks;
    }

    /// <summary>The blocks of a text.</summary>
    internal static IReadOnlyList<ConfigBlock> Read(string file, string text)
    {
        var parser = new ConfigParser();
        parser.Parse(file, text);
        return parser._blocks;
    }

    private void Parse(string file, string text)
    {
        if (++_depth > MostIncludes)
        {
            throw new CommandException($"{file}: files include one another");
        }

        var lexer = new ConfigLexer(file, text);
        ConfigBlock? block = null;
        for (var token = lexer.Next(); token.Mark != ""; token = lexer.Next())
        {
            if (token.Mark == "}")
            {
                block = block is null ? throw token.Place.Fail("\"}\" without \"{\"") : null;
                continue;
            }

            if (token.Mark == ";")
            {
                continue;
            }

            if (token.Mark is not null)
            {
                throw token.Place.Fail($"a parameter or a jail was expected before \"{token.Mark}\"");
            }

            if (!token.IsQuoted && token.Plain == ".include")
            {
                Include(file, lexer);
                continue;
            }

            var next = lexer.Next();
            switch (next.Mark)
            {
                case "{":
                    block = block is not null ? throw next.Place.Fail("jails stand side by side: name this one \"parent.child\"") : new ConfigBlock(token.Plain, token.Place);
                    _blocks.Add(block);
                    break;
                case "=" or "+=":
                    Target(block, token).Statements.Add(new ConfigStatement(token, Values(lexer), next.Mark == "+="));
                    break;
                case ";":
                    Target(block, token).Statements.Add(new ConfigStatement(token, null, false));
                    break;
                default:
                    throw next.Place.Fail(next.Mark == "" ? $"the file ends behind \"{token.Plain}\": \";\" is missing" : $"\"=\", \";\" or \"{{\" was expected behind \"{token.Plain}\"");
            }
        }

        if (block is not null)
        {
            throw block.Place.Fail($"jail \"{block.Pattern}\" has no \"}}\"");
        }

        _depth--;
    }

    private ConfigBlock Target(ConfigBlock? block, ConfigToken token)
    {
        if (block is null)
        {
            block = new ConfigBlock("*", token.Place);
            _blocks.Add(block);
        }

        return block;
    }

    private static List<ConfigToken> Values(ConfigLexer lexer)
    {
        var values = new List<ConfigToken>();
        while (true)
        {
            var value = lexer.Next();
            if (value.Mark is not null)
            {
                throw value.Place.Fail("a value was expected");
            }

            // Words that follow one another are one value: exec.start = /bin/sh /etc/rc.
            var next = lexer.Next();
            while (next.Mark is null)
            {
                value = value with { Parts = [.. value.Parts, (" ", false), .. next.Parts] };
                next = lexer.Next();
            }

            values.Add(value);
            switch (next.Mark)
            {
                case ";":
                    return values;
                case ",":
                    continue;
                default:
                    throw next.Place.Fail("\";\" is missing");
            }
        }
    }

    private void Include(string file, ConfigLexer lexer)
    {
        var name = lexer.Next();
        if (name.Mark is not null)
        {
            throw name.Place.Fail(".include needs a file");
        }

        var end = lexer.Next();
        if (end.Mark != ";")
        {
            throw end.Place.Fail("\";\" is missing");
        }

        var path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, name.Plain);
        var pattern = Path.GetFileName(path);
        try
        {
            foreach (var found in pattern.AsSpan().ContainsAny("*?")
                ? Directory.GetFiles(Path.GetDirectoryName(path)!).Where(each => FileSystemName.MatchesSimpleExpression(pattern, Path.GetFileName(each), ignoreCase: false)).Order(StringComparer.Ordinal).ToArray()
                : [path])
            {
                Parse(found, File.ReadAllText(found));
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw name.Place.Fail(failure.Message);
        }
    }
}
