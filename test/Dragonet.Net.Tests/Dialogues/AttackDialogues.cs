using Xunit;

namespace Dragonet.Net.Tests.Dialogues;

/// <summary>Somebody who guesses (RFC 5961), and somebody who calls and calls (RFC 4987).</summary>
public sealed class AttackDialogues
{
    private const string Open = StateDialogues.Open;

    /// <summary>RFC 5961, section 3.2.</summary>
    [Fact]
    public void A_reset_in_the_window_is_asked_about_and_one_outside_is_ignored() => new Dialogue().Run(Open + """

        < R 1000
        > . 1 ack 1
        < R 100000
        < R -5
        silence 1s
        state Established
        """);

    /// <summary>RFC 5961, section 4.2: whatever its number.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(1000000)]
    [InlineData(-1000000)]
    public void A_syn_on_a_connection_is_asked_about(int sequence) => new Dialogue().Run(Open + $"""

        < S {sequence}
        > . 1 ack 1
        state Established
        < .P 1+10 ack 1
        > . 1 ack 11
        """);

    /// <summary>RFC 5961, section 5.2: an acknowledgment of what was never sent, or long ago, carries no data in.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(100000)]
    [InlineData(-70000)]
    public void Data_with_an_impossible_acknowledgment_is_not_taken(int acknowledgment) => new Dialogue().Run(Open + $"""

        < .P 1+10 ack {acknowledgment}
        > . 1 ack 1
        < .P 1+20 ack 1
        > . 1 ack 21
        recv 20
        """);

    /// <summary>RFC 5961, section 7: not more than one answer in half a second.</summary>
    [Fact]
    public void Challenges_are_limited() => new Dialogue().Run(Open + """

        < R 1000
        > . 1 ack 1
        < R 1001
        < S 5
        < R 1002
        < . 1 ack 7
        silence 499ms
        < R 1003
        silence 1ms
        < R 1003
        > . 1 ack 1
        """);

    /// <summary>RFC 9293, section 3.10.7.4: what is beyond the window is answered and dropped.</summary>
    [Fact]
    public void Data_outside_the_window_is_answered_and_not_kept() => new Dialogue().Run(Open + """

        < .P 300000+10 ack 1
        > . 1 ack 1
        < .P -99+100 ack 1
        > . 1 ack 1
        < .P -49+100 ack 1
        > . 1 ack 51
        recv 50
        """);

    private const string Full = """
        listen
        < S 0 port 1
        > S. 0
        < S 0 port 2
        > S. 0
        """;

    /// <summary>RFC 4987, section 3.6: with two half-open connections the queue of a dialogue's listener is full.</summary>
    [Fact]
    public void A_call_to_a_full_listener_is_kept_in_the_cookie()
    {
        var dialogue = new Dialogue();
        _ = dialogue.Run(Full.Replace("> S. 0", "pass 1ms", StringComparison.Ordinal));
        _ = dialogue.Run("""
            < S 0 mss 1400 ws 3 sackok
            > S. 0 ack 1 mss 1460 nots nosack
            silence 500ms
            < .P 1+10 ack 1
            """);
        Assert.Equal(1, dialogue.Stack.Counters.TcpCookiesReceived);
        _ = dialogue.Run("""
            > . 1 ack 11
            accept
            recv 10
            > . 1 ack 11            # more window than fits into a SYN
            send 1400
            > . 1+1300 ack 11       # the next smaller segment size that a cookie can tell
            """);
    }

    [Fact]
    public void A_cookie_with_timestamps_carries_the_options()
    {
        var dialogue = new Dialogue();
        _ = dialogue.Run(Full.Replace("> S. 0", "pass 1ms", StringComparison.Ordinal));
        _ = dialogue.Run("""
            < S 0 mss 1460 ws 3 sackok ts 700 0
            > S. 0 ack 1 sackok ws 7 echo 700
            < . 1 ack 1 ts 701 last
            accept
            < .P 11+10 ack 1 ts 702 last
            > . 1 ack 1 sack 11-21 echo 701
            """);
        var info = dialogue.Socket.GetInfo();
        Assert.True(info is { HasSack: true, HasTimestamps: true, SendShift: 3, ReceiveShift: 7 });
    }

    [Theory]
    [InlineData("< . 1 ack 2")]        // another number
    [InlineData("< . 9 ack 1")]        // of another call
    [InlineData("< . 1 ack 1 port 9")] // from elsewhere
    [InlineData("pass 200s\n< . 1 ack 1")]
    public void What_is_no_cookie_is_reset(string forged)
    {
        var dialogue = new Dialogue();
        _ = dialogue.Run(Full.Replace("> S. 0", "pass 1ms", StringComparison.Ordinal));
        _ = dialogue.Run("""
            < S 0 mss 1460
            > S. 0 ack 1
            """);
        _ = dialogue.Run(forged + (forged.Contains("ack 2", StringComparison.Ordinal) ? "\n> R 2" : "\n> R 1"));
        Assert.Equal(0, dialogue.Stack.Counters.TcpCookiesReceived);
    }

    [Fact]
    public void Without_cookies_the_oldest_call_goes()
    {
        var dialogue = new Dialogue(options => options.SynCookies = false);
        _ = dialogue.Run(Full.Replace("> S. 0", "pass 1ms", StringComparison.Ordinal));
        _ = dialogue.Run("""
            < S 0
            > S. 0 ack 1
            < . 1 ack 1
            accept
            """);
        Assert.Equal(2, dialogue.Stack.Census.Connections);
    }
}
