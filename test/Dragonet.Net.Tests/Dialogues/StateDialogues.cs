using Xunit;

namespace Dragonet.Net.Tests.Dialogues;

/// <summary>Each arrow of RFC 9293's figure 5 as a peer sees it, and what each state says to what it does not expect (section 3.10.7).</summary>
public sealed class StateDialogues
{
    internal const string Open = """
        listen
        < S 0 mss 1460
        > S. 0 ack 1 mss 1460 nots nosack
        silence 100ms
        < . 1 ack 1
        accept
        state Established
        """;

    [Fact]
    public void Listen_to_syn_received_to_established() => new Dialogue().Run(Open);

    [Fact]
    public void Listen_answers_an_acknowledgment_with_a_reset_and_ignores_a_reset() => new Dialogue().Run("""
        listen
        < . 5 ack 700
        > R 700
        < R 5
        < SF 5
        silence 5s
        state Closed
        """);

    [Fact]
    public void Closed_answers_with_resets() => new Dialogue().Run("""
        < S 0
        > R. 0 ack 1
        < .P 0+10 ack 44
        > R 44
        < R 0
        silence 5s
        """);

    [Fact]
    public void Syn_received_repeats_its_answer_and_gives_up() => new Dialogue().Run("""
        listen
        < S 0
        > S. 0 ack 1
        > S. 0 ack 1 within 1s
        < S 0
        > S. 0 ack 1
        > S. 0 ack 1 within 2s
        > S. 0 ack 1 within 4s
        > S. 0 ack 1 within 8s
        > S. 0 ack 1 within 16s
        silence 60s
        state Closed
        """);

    [Fact]
    public void Syn_received_is_reset_by_the_exact_number_only() => new Dialogue().Run("""
        listen
        < S 0
        > S. 0 ack 1
        < R 5
        > . 1 ack 1
        state SynReceived
        < R 1
        state Closed
        """);

    [Fact]
    public void Syn_received_answers_a_wrong_acknowledgment_with_a_reset() => new Dialogue().Run("""
        listen
        < S 0
        > S. 0 ack 1
        < . 1 ack 9
        > R 9
        state SynReceived
        < . 1 ack 1
        state Established
        """);

    [Fact]
    public void Syn_received_takes_data_with_the_last_segment() => new Dialogue().Run("""
        listen
        < S 0
        > S. 0 ack 1
        < .P 1+100 ack 1
        > . 1 ack 101
        accept
        recv 100
        """);

    [Fact]
    public void Syn_sent_to_established() => new Dialogue().Run("""
        connect
        > S 0 mss 1460 ws 7 sackok
        < S. 0 ack 1 mss 1000
        > . 1 ack 1
        state Established
        """);

    [Fact]
    public void Syn_sent_answers_a_wrong_acknowledgment_with_a_reset_and_believes_no_wrong_reset() => new Dialogue().Run("""
        connect
        > S 0
        < . 0 ack 99
        > R 99
        < R. 0 ack 99
        < R 0
        state SynSent
        < R. 0 ack 1
        state Closed
        error ECONNREFUSED
        """);

    [Fact]
    public void Syn_sent_to_syn_received_when_both_call() => new Dialogue().Run("""
        connect
        > S 0
        < S 0 mss 1460
        > S. 0 ack 1
        state SynReceived
        < S. 0 ack 1
        > . 1 ack 1
        state Established
        """);

    [Fact]
    public void Syn_sent_is_forgotten_by_close() => new Dialogue().Run("""
        connect
        > S 0
        close
        silence 60s
        state Closed
        """);

    [Fact]
    public void Established_to_fin_wait_1_to_fin_wait_2_to_time_wait_to_closed() => new Dialogue().Run(Open + """

        shut
        > F. 1 ack 1
        state FinWait1
        < . 1 ack 2
        state FinWait2
        < .P 1+10 ack 2
        > . 2 ack 11
        < F. 11 ack 2
        > . 2 ack 12
        state TimeWait
        < F. 11 ack 2
        > . 2 ack 12
        pass 59s
        state TimeWait
        pass 1s
        state Closed
        """);

    [Fact]
    public void Fin_wait_1_to_closing_to_time_wait() => new Dialogue().Run(Open + """

        shut
        > F. 1 ack 1
        < F. 1 ack 1
        > . 2 ack 2
        state Closing
        < . 2 ack 2
        state TimeWait
        """);

    [Fact]
    public void Fin_wait_1_to_time_wait_when_the_peers_fin_acknowledges_ours() => new Dialogue().Run(Open + """

        shut
        > F. 1 ack 1
        < F. 1 ack 2
        > . 2 ack 2
        state TimeWait
        """);

    [Fact]
    public void Established_to_close_wait_to_last_ack_to_closed() => new Dialogue().Run(Open + """

        < F. 1 ack 1
        > . 1 ack 2
        state CloseWait
        recv end
        send 10
        > . 1+10 ack 2
        < . 2 ack 11
        close
        > F. 11 ack 2
        state LastAck
        < . 2 ack 12
        state Closed
        """);

    [Fact]
    public void An_orphan_in_fin_wait_2_does_not_wait_for_ever() => new Dialogue().Run(Open + """

        close
        > F. 1 ack 1
        < . 1 ack 2
        state FinWait2
        pass 60s
        state Closed
        """);

    [Fact]
    public void An_orphan_resets_who_still_sends() => new Dialogue().Run(Open + """

        close
        > F. 1 ack 1
        < .P 1+10 ack 2
        > R. 2 ack 1
        state Closed
        """);

    [Fact]
    public void Time_wait_is_not_killed_by_a_reset() => new Dialogue().Run(Open + """

        shut
        > F. 1 ack 1
        < F. 1 ack 2
        > . 2 ack 2
        < R 2
        state TimeWait
        """);

    [Fact]
    public void Time_wait_gives_way_to_a_new_call() => new Dialogue().Run(Open + """

        shut
        > F. 1 ack 1
        < F. 1 ack 2
        > . 2 ack 2
        < S 1                   # not beyond what was seen
        > . 2 ack 2
        state TimeWait
        """).Anew().Run("""
        < S 5000
        > S. 0 ack 5001
        state SynReceived
        """);

    [Fact]
    public void Close_with_unread_data_resets() => new Dialogue().Run(Open + """

        < .P 1+10 ack 1
        > . 1 ack 11
        close
        > R. 1 ack 11
        state Closed
        """);

    [Fact]
    public void A_hard_close_resets() => new Dialogue().Run(Open + """

        reset
        > R. 1 ack 1
        state Closed
        """);

    [Fact]
    public void A_fin_that_is_lost_is_sent_again() => new Dialogue().Run(Open + """

        shut
        > F. 1 ack 1
        > F. 1 ack 1 within 300ms      # RFC 6298: 100 ms, and 4 times half of it
        > F. 1 ack 1 within 600ms
        < . 1 ack 2
        state FinWait2
        """);

    [Theory]
    [InlineData("", "ECONNRESET")]
    [InlineData("shut\n> F. 1 ack 1", "ECONNRESET")]
    [InlineData("shut\n> F. 1 ack 1\n< . 1 ack 2", "ECONNRESET")]
    [InlineData("< F. 1 ack 1\n> . 1 ack 2", "EPIPE")]
    public void A_reset_with_the_exact_number_ends_it(string before, string error) => new Dialogue().Run(Open + "\n" + before + $"""

        < R {(before.StartsWith('<') ? 2 : 1)}
        state Closed
        error {error}
        silence 60s
        """);
}
