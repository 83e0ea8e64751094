using Xunit;

namespace Dragonet.Net.Tests.Dialogues;

/// <summary>What a peer sees of loss and congestion: RFC 5681, 6298, 6582, 2018, 8985, 9438, 3168.</summary>
public sealed class CongestionDialogues
{
    private const string Open = StateDialogues.Open;

    private const string OpenSack = """
        listen
        < S 0 mss 1460 sackok
        > S. 0 ack 1 sackok
        silence 100ms
        < . 1 ack 1
        accept
        """;

    /// <summary>RFC 6928: ten segments; then two more for each acknowledgment of two (RFC 5681, section 3.1).</summary>
    [Fact]
    public void Slow_start() => new Dialogue().Run(Open + "\nsend 100000\n" + Segments(1, 10) + """

        silence 50ms
        < . 1 ack 2921
        """ + "\n" + Segments(14601, 4));

    /// <summary>RFC 5681, section 3.2: the third duplicate sends the first segment again, further ones let new data out.</summary>
    [Fact]
    public void Three_duplicates_repair_without_sack() => new Dialogue().Run(Open + "\nsend 100000\n" + Segments(1, 10) + """

        < . 1 ack 1
        > . 14601+1460 ack 1    # RFC 3042
        < . 1 ack 1
        > . 16061+1460 ack 1
        < . 1 ack 1
        > . 1+1460 ack 1
        silence 100ms
        """);

    /// <summary>RFC 6582: while it is repaired, a partial acknowledgment sends the next one at once.</summary>
    [Fact]
    public void A_partial_acknowledgment_repairs_the_next() => new Dialogue().Run(Open + "\nsend 14600\n" + Segments(1, 10) + """

        < . 1 ack 1
        < . 1 ack 1
        < . 1 ack 1
        > . 1+1460 ack 1
        < . 1 ack 2921
        > . 2921+1460 ack 1
        < . 1 ack 14601
        silence 10s
        """);

    /// <summary>RFC 2018 and 8985: what is behind three reported segments is lost, and only that is sent again.</summary>
    [Fact]
    public void Selective_acknowledgments_repair_what_is_missing() => new Dialogue().Run(OpenSack + "\nsend 14600\n" + Segments(1, 10) + """

        silence 100ms
        < . 1 ack 1461 sack 2921-4381
        < . 1 ack 1461 sack 2921-5841
        silence 1ms
        < . 1 ack 1461 sack 2921-7301
        > . 1461+1460 ack 1
        < . 1 ack 14601
        silence 10s
        """);

    /// <summary>RFC 8985, section 7: two round trips after the last segment it is sent once more.</summary>
    [Fact]
    public void A_tail_probe_comes_before_the_timeout() => new Dialogue().Run(OpenSack + """

        send 2920
        > . 1+1460 ack 1
        > . 1461+1460 ack 1
        > . 1461+1460 ack 1 within 202ms
        < . 1 ack 1461 sack 1461-2921
        """);

    /// <summary>RFC 6298, sections 5.5 and 5.7: twice as long each time; RFC 5681, section 3.1: one segment after it.</summary>
    [Fact]
    public void The_timeout_doubles() => new Dialogue().Run(Open + "\nsend 5840\n" + Segments(1, 4) + """

        > . 1+1460 ack 1 within 300ms
        > . 1+1460 ack 1 within 600ms
        > . 1+1460 ack 1 within 1200ms
        > . 1+1460 ack 1 within 2400ms
        < . 1 ack 1461
        > . 1461+1460 ack 1
        > . 2921+1460 ack 1
        silence 100ms
        < . 1 ack 5841
        silence 10s
        """);

    /// <summary>RFC 6298, section 2.1: a second before anything is known.</summary>
    [Fact]
    public void The_first_timeout_is_a_second() => new Dialogue().Run("""
        connect
        > S 0
        > S 0 within 1s
        > S 0 within 2s
        > S 0 within 4s
        """);

    /// <summary>RFC 9438, section 4.6: CUBIC goes to 0.7 of the window at a loss.</summary>
    [Fact]
    public void Cubic_shrinks_to_seven_tenths()
    {
        var dialogue = new Dialogue().Run(OpenSack + "\nsend 14600\n" + Segments(1, 10) + """

            silence 100ms
            < . 1 ack 1 sack 1461-5841
            > . 1+1460 ack 1
            """);
        Assert.Equal(7, dialogue.Socket.GetInfo().CongestionWindow);
        Assert.Equal(7, dialogue.Socket.GetInfo().Threshold);
    }

    /// <summary>RFC 5681, section 4.2, and RFC 2018, section 4: holes are told at once, the newest block first.</summary>
    [Fact]
    public void Holes_are_told_with_the_newest_block_first() => new Dialogue().Run(OpenSack + """

        < .P 101+100 ack 1
        > . 1 ack 1 sack 101-201
        < .P 301+100 ack 1
        > . 1 ack 1 sack 301-401,101-201
        < .P 201+100 ack 1
        > . 1 ack 1 sack 101-401
        < .P 1+100 ack 1
        > . 1 ack 401
        recv 400
        """);

    /// <summary>RFC 9293, section 3.8.6.3: at least every second full segment is acknowledged, and each after half a second at most.</summary>
    [Fact]
    public void Acknowledgments_may_be_late_but_not_for_long()
    {
        var dialogue = new Dialogue().Run(Open);
        for (var i = 0; i < 16; i++)
        {
            // At first each one, for the peer's slow start.
            _ = dialogue.Run($"< . {1 + i * 1460}+1460 ack 1\n> . 1 ack {1 + (i + 1) * 1460}");
        }

        _ = dialogue.Run("""
            recv 23360
            pass 1ms
            < . 23361+1460 ack 1
            > . 1 ack 24821 within 40ms
            < . 24821+1460 ack 1
            < . 26281+1460 ack 1
            > . 1 ack 27741
            """);
    }

    /// <summary>RFC 9293, section 3.8.6.1: a closed window is asked about, at longer and longer intervals, for ever.</summary>
    [Fact]
    public void A_closed_window_is_probed() => new Dialogue().Run(Open + """

        < . 1 ack 1 win 0
        send 10
        > . 0 ack 1 within 300ms
        < . 1 ack 1 win 0
        > . 0 ack 1 within 600ms
        < . 1 ack 1 win 0
        > . 0 ack 1 within 1200ms
        < . 1 ack 1 win 1000
        > . 1+10 ack 1
        """);

    /// <summary>RFC 9293, section 3.10.7.4, "First": who takes back window that was used drops whatever begins behind its new end, and what it says
    /// about its own data with it.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    public void Acknowledgments_stay_in_a_window_that_was_taken_back(int window) => new Dialogue().Run(Open + $"""

        send 2920
        > . 1+1460 ack 1
        > . 1461+1460 ack 1
        < . 1 ack 1 win {window}
        < .P 1+10 ack 1 win {window}
        > . {window + 1} ack 11
        < R 100 ack 1 win {window}
        > . {window + 1} ack 11
        """);

    /// <summary>RFC 9293, section 3.8.6: of what is behind the new end nothing is sent again (SHLD-16), but the first segment, which asks for the
    /// window (MUST-35); when it opens again what was dropped goes at once.</summary>
    [Fact]
    public void A_window_that_was_taken_back_is_asked_for_and_then_used() => new Dialogue().Run(Open + """

        send 4380
        > . 1+1460 ack 1
        > . 1461+1460 ack 1
        > . 2921+1460 ack 1
        < . 1 ack 1 win 0
        > . 1+1460 ack 1 within 300ms
        < . 1 ack 1 win 0
        > . 1+1460 ack 1 within 600ms
        < . 1 ack 1 win 0
        silence 1s
        < . 1 ack 1 win 2920
        > . 1+1460 ack 1
        < . 1 ack 1461 win 2920
        > . 1461+1460 ack 1
        > . 2921+1460 ack 1
        < . 1 ack 4381
        silence 5s
        """);

    /// <summary>RFC 9293, section 3.8.6 (SHLD-17): a peer that keeps its window closed and answers is not given up.</summary>
    [Fact]
    public void A_peer_that_took_its_window_back_is_not_given_up_while_it_answers()
    {
        var dialogue = new Dialogue().Run(Open + """

            send 1000
            > . 1+1000 ack 1
            """);
        for (var i = 0; i < 40; i++)
        {
            _ = dialogue.Run("""
                < . 1 ack 1 win 0
                pass 100s
                state Established
                """);
        }
    }

    /// <summary>RFC 9293, section 3.8.6.2.1 (silly window): a little window is not used while there is more to send.</summary>
    [Fact]
    public void A_little_window_is_not_used_at_once() => new Dialogue().Run(Open + """

        < . 1 ack 1 win 0
        send 5000
        < . 1 ack 1 win 100
        silence 200ms
        """);

    /// <summary>RFC 9293, section 3.7.4 (Nagle): a small segment waits for the acknowledgment of another one.</summary>
    [Fact]
    public void Small_segments_wait_for_each_other() => new Dialogue().Run(Open + """

        send 10
        > . 1+10 ack 1
        send 10
        send 10
        silence 50ms
        < . 1 ack 11
        > . 11+20 ack 1
        """);

    [Fact]
    public void Without_delay_they_do_not() => new Dialogue().Run(Open + """

        nodelay
        send 10
        > . 1+10 ack 1
        send 10
        > . 11+10 ack 1
        """);

    /// <summary>RFC 9293, section 3.7.1: the smaller of what the path and the peer take; 536 when he says nothing.</summary>
    [Fact]
    public void Who_says_nothing_gets_small_segments() => new Dialogue().Run("""
        listen
        < S 0
        > S. 0 ack 1
        < . 1 ack 1
        accept
        send 1000
        > . 1+536 ack 1
        """);

    /// <summary>RFC 9293, section 3.8.4: a keep-alive carries an old number, and is answered.</summary>
    [Fact]
    public void Keep_alive_asks_with_an_old_number() => new Dialogue().Run(Open + """

        keepalive 10
        > . 0 ack 1 within 10s
        < . 1 ack 1
        > . 0 ack 1 within 10s
        """);

    [Fact]
    public void A_keep_alive_of_the_peer_is_answered() => new Dialogue().Run(Open + """

        < . 0 ack 1
        > . 1 ack 1
        """);

    private const string OpenStamped = """
        listen
        < S 0 mss 1460 ts 1000 0
        > S. 0 ack 1 echo 1000
        silence 100ms
        < . 1 ack 1 ts 1001 last
        accept
        """;

    /// <summary>RFC 7323, section 5.3: old duplicates have old timestamps; they are answered and dropped.</summary>
    [Fact]
    public void Old_timestamps_are_dropped() => new Dialogue().Run(OpenStamped + """

        < .P 1+10 ack 1 ts 999 last
        > . 1 ack 1 echo 1001
        < .P 1+20 ack 1 ts 1001 last
        > . 1 ack 21 echo 1001
        < R 21                          # resets need none (section 3.2)
        state Closed
        """);

    /// <summary>RFC 7323, section 3.2: who has agreed on timestamps sends them.</summary>
    [Fact]
    public void Without_a_timestamp_nothing_counts() => new Dialogue().Run(OpenStamped + """

        < .P 1+10 ack 1
        silence 1s
        """);

    /// <summary>RFC 7323, section 4.3: what is echoed is the timestamp of the segment that the acknowledgment is about.</summary>
    [Fact]
    public void A_segment_behind_a_hole_is_not_echoed() => new Dialogue().Run(OpenStamped + """

        < .P 101+10 ack 1 ts 1050 last
        > . 1 ack 1 echo 1001
        """);

    /// <summary>RFC 7323, section 2: the window is scaled when both sides say so, but not in a SYN.</summary>
    [Fact]
    public void Windows_are_scaled_behind_the_syn() => new Dialogue().Run("""
        listen
        < S 0 mss 1460 ws 2
        > S. 0 ack 1 ws 7 win 65535
        silence 100ms
        < . 1 ack 1 win 1
        accept
        send 10
        > . 1+4 ack 1 win 2048 within 300ms
        """);

    private const string OpenEcn = """
        listen
        < SEW 0 mss 1460
        > SE. 0 ack 1
        silence 100ms
        < . 1 ack 1
        accept
        """;

    /// <summary>RFC 3168, section 6.1.</summary>
    [Fact]
    public void Congestion_notification_is_granted_and_new_data_is_marked() => new Dialogue().Run(OpenEcn + """

        send 10
        > . 1+10 ack 1 tos 2
        > . 1+10 ack 1 tos 0 within 300ms     # not what is sent again (section 6.1.5)
        """);

    /// <summary>RFC 3168, section 6.1.3: the mark is echoed until the sender has slowed down.</summary>
    [Fact]
    public void A_mark_is_echoed_until_it_is_answered() => new Dialogue().Run(OpenEcn + """

        < .P 1+10 ack 1 tos 3
        > .E 1 ack 11 tos 0
        < .P 11+10 ack 1 tos 2
        > .E 1 ack 21
        < .WP 21+10 ack 1 tos 2
        > . 1 ack 31
        """);

    /// <summary>RFC 3168, section 6.1.2: an echo is as a loss, once a round trip, and is answered with the next new data.</summary>
    [Fact]
    public void An_echo_shrinks_the_window_once()
    {
        var dialogue = new Dialogue().Run(OpenEcn + "\nsend 100000\n" + Segments(1, 10) + "\n< .E 1 ack 1461");
        Assert.Equal(7, dialogue.Socket.GetInfo().CongestionWindow);
        _ = dialogue.Run("""
            < .E 1 ack 2921
            < .E 1 ack 4381
            < .E 1 ack 5841
            > .W 14601+1460 ack 1 tos 2
            < .E 1 ack 7301
            > . 16061+1460 ack 1 tos 2
            """);
        Assert.Equal(7, dialogue.Socket.GetInfo().CongestionWindow);
    }

    [Fact]
    public void Without_the_policy_it_is_not_granted() => new Dialogue(options => options.Ecn = EcnPolicy.Off).Run("""
        listen
        < SEW 0 mss 1460
        > S. 0 ack 1
        """);

    /// <summary>RFC 3168, section 6.1.1.1: a SYN that nobody answers asks no more.</summary>
    [Fact]
    public void It_is_asked_for_once() => new Dialogue(options => options.Ecn = EcnPolicy.Request).Run("""
        connect
        > SEW 0 tos 0
        > S 0 within 1s
        """);

    [Fact]
    public void It_is_used_when_the_peer_agrees() => new Dialogue(options => options.Ecn = EcnPolicy.Request).Run("""
        connect
        > SEW 0
        < SE. 0 ack 1 mss 1460
        > . 1 ack 1 tos 0
        send 10
        > . 1+10 tos 2
        """);

    private static string Segments(int first, int count) =>
        string.Join('\n', Enumerable.Range(0, count).Select(i => $"> . {first + i * 1460}+1460 ack 1"));
}
