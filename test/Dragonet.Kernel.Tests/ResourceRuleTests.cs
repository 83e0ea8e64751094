using Dragonet.Abi;
using Xunit;

namespace Dragonet.Kernel.Tests;

/// <summary>The grammar of rctl(8).</summary>
public sealed class ResourceRuleTests
{
    [Theory]
    [InlineData("jail:www:memoryuse:deny=512m", "jail:www:memoryuse:deny=536870912")]
    [InlineData("jail:a.b:openfiles:log=20/process", "jail:a.b:openfiles:log=20/process")]
    [InlineData("user:root:maxproc:sigterm=100", "user:0:maxproc:sigterm=100")]
    [InlineData("u:007:nthr:deny=1k/p", "user:7:nthr:deny=1024/process")]
    [InlineData("process:12:vmemoryuse:deny=1T", "process:12:vmemoryuse:deny=1099511627776")]
    [InlineData("j:x:readbps:throttle=1m", "jail:x:readbps:throttle=1048576")]
    [InlineData("jail:x:maxproc:deny=5/jail", "jail:x:maxproc:deny=5")]
    public void R1_a_rule_is_read_and_written(string text, string written)
    {
        Assert.True(ResourceFilter.Parse(text, out var why).Ok(out var filter), why);
        Assert.True(filter.ToRule(out why).Ok(out var rule), why);
        Assert.Equal(written, rule.ToString());
        Assert.Equal(rule, ResourceFilter.Parse(written, out _).Value.ToRule(out _).Value);
        Assert.True(filter.Fits(rule));
    }

    [Theory]
    [InlineData("house:x:maxproc:deny=1", Errno.EINVAL, "\"house\" is no subject: process, user, loginclass or jail")]
    [InlineData("user:joe:maxproc:deny=1", Errno.EINVAL, "\"joe\" is no number of a user")]
    [InlineData("jail:x:maxprocs:deny=1", Errno.EINVAL, "\"maxprocs\" is no resource: cputime datasize")]
    [InlineData("jail:x:maxproc:forbid=1", Errno.EINVAL, "\"forbid\" is no action")]
    [InlineData("jail:x:maxproc:deny=1q", Errno.EINVAL, "\"1q\" is no amount")]
    [InlineData("jail:x:maxproc:deny=-1", Errno.EINVAL, "\"-1\" is no amount")]
    [InlineData("jail:x:maxproc:deny=9223372036854775808", Errno.ERANGE, "\"9223372036854775808\" is too large")]
    [InlineData("jail:x:maxproc:deny=9000000t", Errno.ERANGE, "\"9000000t\" is too large")]
    [InlineData("a:b:c:d:e", Errno.EINVAL, "\"a:b:c:d:e\": a rule has four parts")]
    [InlineData("jail:x:maxproc", Errno.EINVAL, "a rule needs all its parts")]
    [InlineData("jail::maxproc:deny=1", Errno.EINVAL, "a rule needs all its parts")]
    [InlineData("loginclass:staff:maxproc:deny=1", Errno.EOPNOTSUPP, "there are no login classes on Linux")]
    [InlineData("jail:x:cputime:deny=1", Errno.EOPNOTSUPP, "cputime: cannot be denied")]
    [InlineData("jail:x:wallclock:deny=1", Errno.EOPNOTSUPP, "wallclock: cannot be denied")]
    [InlineData("jail:x:maxproc:throttle=1", Errno.EOPNOTSUPP, "maxproc: cannot be throttled")]
    [InlineData("jail:x:pcpu:throttle=1", Errno.EOPNOTSUPP, "pcpu: cannot be throttled")]
    [InlineData("jail:x:nshm:deny=1/process", Errno.EOPNOTSUPP, "nshm: processes have none")]
    [InlineData("process:1:maxproc:deny=1/jail", Errno.EOPNOTSUPP, "/jail: a process has none in it")]
    [InlineData("jail:x:vmemoryuse:deny=1", Errno.EOPNOTSUPP, "vmemoryuse: can be denied to each process only")]
    [InlineData("user:1:memoryuse:deny=1", Errno.EOPNOTSUPP, "memoryuse: can be denied to jails only")]
    public void R1_and_R3_nonsense_has_its_error(string text, Errno error, string message)
    {
        var result = ResourceFilter.Parse(text, out var why).Ok(out var filter, out var found) ? filter.ToRule(out why).Error : found;
        Assert.Equal(error, result);
        Assert.StartsWith(message, why, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', why);
    }

    [Fact]
    public void R1_a_long_rule_is_E2BIG() => Assert.Equal(Errno.E2BIG, ResourceFilter.Parse("jail:" + new string('x', 600), out _).Error);

    [Theory]
    [InlineData("", true)]
    [InlineData("jail", true)]
    [InlineData("jail:www", true)]
    [InlineData("jail:ww", false)]
    [InlineData("::maxproc", true)]
    [InlineData("::nthr", false)]
    [InlineData(":::deny", true)]
    [InlineData(":::log", false)]
    [InlineData(":::=5", true)]
    [InlineData(":::deny=6", false)]
    [InlineData(":::/jail", false)]
    public void R1_gaps_fit_everything(string text, bool fits)
    {
        var rule = ResourceFilter.Parse("jail:www:maxproc:deny=5", out _).Value.ToRule(out _).Value;
        var parsed = ResourceFilter.Parse(text, out _);
        Assert.Equal(fits, parsed.IsOk && parsed.Value.Fits(rule));
    }

    [Fact]
    public void R1_whatever_is_typed_is_a_rule_or_an_error()
    {
        const string letters = "jailuserpocss:::=/0123456789kmgt.-denylogthrottlesigtermmaxprocnthr \t\u00e4\0";
        string[] pieces = ["jail", "user", "process", ":", ":", ":", "=", "/", "maxproc", "deny", "sigterm", "1", "99999999999999999999", "k", "www"];
        for (var seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            var text = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => random.Next(3) > 0 ? pieces[random.Next(pieces.Length)] : letters[random.Next(letters.Length)].ToString()));
            var parsed = ResourceFilter.Parse(text, out var why);
            Assert.True(parsed.IsOk == (why.Length == 0), $"seed {seed}: {text}");
            if (parsed.IsOk && parsed.Value.ToRule(out why) is { IsOk: true } rule)
            {
                Assert.Equal(rule.Value, ResourceFilter.Parse(rule.Value.ToString(), out _).Value.ToRule(out _).Value);
            }
        }
    }
}
