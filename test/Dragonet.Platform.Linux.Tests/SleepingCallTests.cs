using Dragonet.Platform.Linux.Guests;
using Xunit;

namespace Dragonet.Platform.Linux.Tests;

/// <summary>What counts as a guest's sleep of what /proc/PID/syscall says.</summary>
public sealed class SleepingCallTests
{
    [Theory]
    [InlineData("202 0x7f0012345678 0x80 0x1 0x0 0x0 0x0 0x7ffc00000000 0x7f0000000000\n", true)]
    [InlineData("219 0x7f0012345678 0x80 0x1 0x0 0x0 0x0 0x7ffc00000000 0x7f0000000000\n", true)]
    [InlineData("202 0x510000011004 0x0 0x2 0x0 0x0 0x0 0x510000010f00 0x7f0000000000\n", false)] // the word of a channel
    [InlineData("202 0x510040000000 0x0 0x2 0x0 0x0 0x0 0x510000010f00 0x7f0000000000\n", true)] // behind the slots
    [InlineData("13 0x7f0012345678 0x80 0x1 0x0 0x0 0x0 0x7ffc00000000 0x7f0000000000\n", false)] // the kernel has yet to look at it
    [InlineData("2020 0x7f0012345678 0x80 0x1 0x0 0x0 0x0 0x7ffc00000000 0x7f0000000000\n", false)]
    [InlineData("running\n", false)]
    [InlineData("-1 0x7ffc00000000 0x7f0000000000\n", false)]
    [InlineData("202 0x", false)]
    [InlineData("", false)]
    public void Only_what_the_host_does_for_a_guest_is_sleep(string text, bool sleeps) => Assert.Equal(sleeps, SleepingCall.IsOfGuest(text));
}
