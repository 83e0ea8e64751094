using Dragonet.Base;
using Xunit;

namespace Dragonet.Kernel.Tests;

/// <summary>Rights and names of user namespaces (user_namespaces(7)), without programs.</summary>
public sealed class UserNamespaceTests
{
    private const Capability Some = Capability.CAP_KILL;

    [Fact]
    public void Rights_go_down_and_never_up()
    {
        var user = Credentials.User(1000, 1000);
        var inner = user.In(new UserNamespace(1, user));
        var innermost = inner.In(new UserNamespace(2, inner));
        Assert.False(inner.Has(Some));
        Assert.False(inner.HasOwn(Some));
        Assert.False(inner.Has(Some, null));
        Assert.True(inner.Has(Some, inner.Namespace));
        Assert.True(inner.Has(Some, innermost.Namespace));
        Assert.False(innermost.Has(Some, inner.Namespace));
        Assert.True(Credentials.Root.Has(Some, innermost.Namespace));
        Assert.False((inner with { Effective = 0 }).Has(Some, inner.Namespace));
    }

    [Fact]
    public void Who_made_one_has_all_rights_over_it()
    {
        var user = Credentials.User(1000, 1000);
        var other = Credentials.User(1001, 1001);
        var inner = user.In(new UserNamespace(1, user));
        var brother = user.In(new UserNamespace(2, user));
        Assert.True(user.Has(Some, inner.Namespace));
        Assert.False(other.Has(Some, inner.Namespace));
        Assert.False(brother.Has(Some, inner.Namespace));
        Assert.False(user.Has(Some));
    }

    [Fact]
    public void A_jail_ends_them()
    {
        var limit = new CapabilityLimit { Mask = 1UL << (int)Some };
        var jailed = Credentials.User(1000, 1000) with { Limit = limit };
        var same = Credentials.User(1000, 1000) with { Limit = new CapabilityLimit { Mask = ulong.MaxValue } };
        var inner = jailed.In(new UserNamespace(1, jailed));
        Assert.True(inner.Has(Some, inner.Namespace));
        Assert.False(inner.Has(Capability.CAP_SYS_CHROOT, inner.Namespace)); // what the jail's root does not have
        Assert.False(jailed.Has(Capability.CAP_SYS_CHROOT, inner.Namespace));
        Assert.True(jailed.Has(Some, inner.Namespace));
        Assert.False(same.Has(Some, inner.Namespace)); // the same number in another jail is another user
        Assert.False(same.HasOwn(Some, inner.Namespace));
        Assert.False(Credentials.User(1000, 1000).Has(Some, inner.Namespace));
        Assert.True(Credentials.Root.Has(Some, inner.Namespace));
    }

    [Fact]
    public void A_file_is_reached_when_both_its_owners_have_names()
    {
        var user = Credentials.User(1000, 1000);
        var space = new UserNamespace(1, user);
        var inner = user.In(space);
        Assert.False(inner.HasOver(Some, 1000, 1000));
        Assert.True(space.TrySet(new IdMap([new IdExtent(0, 1000, 1)]), groups: false));
        Assert.False(inner.HasOver(Some, 1000, 1000));
        Assert.True(space.TrySet(new IdMap([new IdExtent(0, 1000, 1)]), groups: true));
        Assert.False(space.TrySet(new IdMap([new IdExtent(0, 0, 1)]), groups: true));
        Assert.True(inner.HasOver(Some, 1000, 1000));
        Assert.False(inner.HasOver(Some, 1000, 0));
        Assert.False(inner.HasOver(Some, 0, 1000));
        Assert.True(Credentials.Root.HasOver(Some, 4, 5));
    }

    [Fact]
    public void Maps_are_found_from_both_sides()
    {
        var map = new IdMap([new IdExtent(1000, 200000, 5), new IdExtent(0, 100000, 1000), new IdExtent(70000, 7, 1)]);
        Assert.Equal(100000u, map.ToKernel(0));
        Assert.Equal(100999u, map.ToKernel(999));
        Assert.Equal(200004u, map.ToKernel(1004));
        Assert.Equal(UserNamespace.NoId, map.ToKernel(1005));
        Assert.Equal(UserNamespace.NoId, map.ToKernel(999, 2));
        Assert.Equal(70000u, map.FromKernel(7));
        Assert.Equal(UserNamespace.NoId, map.FromKernel(99999));
        Assert.Equal(999u, map.FromKernel(100999));
        Assert.Equal(UserNamespace.NoId, map.ToKernel(UserNamespace.NoId));
    }

    [Theory]
    [InlineData("0 1 1", 1)]
    [InlineData("0 1 1\n", 1)]
    [InlineData(" 0\t1  1 \n5 6 1\n", 2)]
    [InlineData("", 0)]
    [InlineData("\n", 0)]
    [InlineData("0 1", 0)]
    [InlineData("0 1 1 1", 0)]
    [InlineData("0 1 0", 0)]
    [InlineData("-1 1 1", 0)]
    [InlineData("4294967295 1 1", 0)]
    [InlineData("1 4294967295 1", 0)]
    [InlineData("1 1 4294967295", 0)]
    [InlineData("0 10 5\n4 20 5", 0)]
    [InlineData("0 10 5\n10 14 5", 0)]
    [InlineData("0 1 1\n\n2 3 1", 0)]
    public void Lines_of_a_map(string text, int extents) => Assert.Equal(extents, IdMap.Parse(text)?.Count ?? 0);

    [Fact]
    public void A_map_has_340_lines_at_most()
    {
        static string Lines(int count) => string.Concat(Enumerable.Range(0, count).Select(static i => $"{i * 2} {i * 2} 1\n"));
        Assert.Equal(340, IdMap.Parse(Lines(340))?.Count);
        Assert.Null(IdMap.Parse(Lines(341)));
    }
}
