using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests.Dialogues;

/// <summary>Urgent data (RFC 9293, section 3.8.5; RFC 6093).</summary>
public sealed class UrgentDialogues
{
    private const string Open = StateDialogues.Open;

    [Fact]
    public void The_pointer_is_behind_the_byte_and_goes_until_it_is_acknowledged() => new Dialogue().Run(Open + """

        urgent 10
        > U. 1+10 ack 1 urg 10
        send 5                  # Nagle's algorithm does not hold back what is urgent
        > . 11+5 ack 1 urg 0
        < . 1 ack 11
        send 5
        silence 50ms
        """);

    [Fact]
    public void A_closed_window_does_not_hold_back_the_pointer() => new Dialogue().Run(Open + """

        < . 1 ack 1 win 0
        urgent 10
        < .P 1+1 ack 1 win 0
        > U. 1 ack 2 urg 10
        """);

    [Fact]
    public void The_byte_is_read_apart_and_left_out()
    {
        var dialogue = new Dialogue().Run(Open + """

            < U. 1+10 ack 1 urg 4
            > . 1 ack 11
            """);
        var socket = dialogue.Socket;
        Assert.Equal(PollEvents.POLLPRI, socket.Poll() & PollEvents.POLLPRI);
        Assert.Equal(3, socket.IncomingCount);
        Assert.Equal(1, socket.ReceiveUrgent(new byte[1], peek: true).Value);
        Assert.Equal(1, socket.ReceiveUrgent(new byte[1], peek: false).Value);
        Assert.Equal(Errno.EINVAL, socket.ReceiveUrgent(new byte[1], peek: false).Error);
        Assert.Equal(PollEvents.None, socket.Poll() & PollEvents.POLLPRI);
        _ = dialogue.Run("recv 3");
        Assert.True(socket.IsAtMark);
        _ = dialogue.Run("recv 6");
        Assert.False(socket.IsAtMark);
    }

    [Fact]
    public void In_line_the_byte_stays_in_the_stream()
    {
        var dialogue = new Dialogue().Run(Open);
        dialogue.Socket.Settings.UrgentInline = true;
        _ = dialogue.Run("""
            < U. 1+10 ack 1 urg 4
            > . 1 ack 11
            recv 3
            recv 7
            """);
        Assert.Equal(Errno.EINVAL, dialogue.Socket.ReceiveUrgent(new byte[1], peek: false).Error);
    }

    [Fact]
    public void A_pointer_may_come_before_its_byte_and_the_user_is_told()
    {
        var dialogue = new Dialogue().Run(Open);
        var told = 0;
        dialogue.Socket.UrgentAnnounced = () => told++;
        _ = dialogue.Run("< U. 1 ack 1 urg 4");
        Assert.Equal(1, told);
        Assert.Equal(Errno.EAGAIN, dialogue.Socket.ReceiveUrgent(new byte[1], peek: false).Error);
        _ = dialogue.Run("""
            < U. 1+4 ack 1 urg 4
            > . 1 ack 5
            """);
        Assert.Equal(1, told); // the same byte
        Assert.Equal(1, dialogue.Socket.ReceiveUrgent(new byte[1], peek: false).Value);
        _ = dialogue.Run("""
            < F. 5 ack 1
            > . 1 ack 6
            recv 3
            recv end
            """);
    }

    [Fact]
    public void A_pointer_to_what_was_passed_is_ignored()
    {
        var dialogue = new Dialogue().Run(Open + """

            < .P 1+10 ack 1
            > . 1 ack 11
            < U. 11+5 ack 1 urg 0
            > . 1 ack 16
            recv 15
            """);
        Assert.Equal(Errno.EINVAL, dialogue.Socket.ReceiveUrgent(new byte[1], peek: false).Error);
    }
}
