using Dragonet.Abi;
using Xunit;

namespace Dragonet.Kernel.Tests;

public sealed class EpollTests : IDisposable
{
    private const uint In = (uint)PollEvents.POLLIN;
    private readonly World _world = new();
    private readonly EpollFile _epoll;
    private readonly EventFile _event = new(0, semaphore: false, OpenFlags.O_RDWR);
    private readonly Task _task;

    public EpollTests()
    {
        _task = _world.NewTask();
        _epoll = new EpollFile(_world.Kernel);
    }

    public void Dispose() => _world.Dispose();

    private int Collect()
    {
        var events = new epoll_event[8];
        return _epoll.Collect(events, new PollObserver(_task));
    }

    private void Drain() => _ = _event.Read(_task, new byte[8]);

    [Fact]
    public void Level_triggered_files_are_reported_while_they_are_ready()
    {
        Assert.Equal(Errno.OK, _epoll.Add(_event, 3, In, 7, _task));
        Assert.Equal(0, Collect());
        _event.Signal();
        Assert.Equal(1, Collect());
        Assert.Equal(1, Collect());
        Drain();
        Assert.Equal(0, Collect());
    }

    [Fact]
    public void Edge_triggered_files_are_reported_once_for_each_event()
    {
        _event.Signal();
        Assert.Equal(Errno.OK, _epoll.Add(_event, 3, In | (uint)EpollFlags.EPOLLET, 7, _task));
        Assert.Equal(1, Collect());
        Assert.Equal(0, Collect());
        _event.Signal();
        Assert.Equal(1, Collect());
        Assert.Equal(0, Collect());
    }

    [Fact]
    public void One_shot_files_wait_to_be_armed_again()
    {
        var oneShot = In | (uint)EpollFlags.EPOLLONESHOT;
        Assert.Equal(Errno.OK, _epoll.Add(_event, 3, oneShot, 7, _task));
        _event.Signal();
        Assert.Equal(1, Collect());
        _event.Signal();
        Assert.Equal(0, Collect());
        Assert.Equal(Errno.OK, _epoll.Modify(_event, 3, oneShot, 7, _task));
        Assert.Equal(1, Collect());
    }

    [Fact]
    public void The_list_has_each_descriptor_once()
    {
        Assert.Equal(Errno.ENOENT, _epoll.Remove(_event, 3));
        Assert.Equal(Errno.ENOENT, _epoll.Modify(_event, 3, In, 0, _task));
        Assert.Equal(Errno.OK, _epoll.Add(_event, 3, In, 0, _task));
        Assert.Equal(Errno.EEXIST, _epoll.Add(_event, 3, In, 0, _task));
        Assert.Equal(Errno.OK, _epoll.Add(_event, 4, In, 0, _task));
        Assert.Equal(Errno.OK, _epoll.Remove(_event, 3));
    }

    [Fact]
    public void A_file_leaves_with_its_last_reference()
    {
        Assert.Equal(Errno.OK, _epoll.Add(_event, 3, In, 0, _task));
        _event.Signal();
        _event.AddReference();
        _event.Release();
        Assert.Equal(1, Collect());
        _event.Release();
        Assert.Equal(0, Collect());
        Assert.Equal(Errno.ENOENT, _epoll.Remove(_event, 3));
    }

    [Fact]
    public void Instances_may_watch_each_other_but_not_in_a_circle()
    {
        var outer = new EpollFile(_world.Kernel);
        Assert.Equal(Errno.OK, outer.Add(_epoll, 5, In, 0, _task));
        Assert.Equal(Errno.ELOOP, _epoll.Add(outer, 6, In, 0, _task));
        Assert.Equal(Errno.OK, _epoll.Add(_event, 3, In, 0, _task));
        Assert.Equal(PollEvents.None, outer.Poll(null));
        _event.Signal();
        Assert.NotEqual(PollEvents.None, outer.Poll(null));
    }

    [Fact]
    public void One_event_wakes_one_of_several_waiters()
    {
        Assert.Equal(Errno.OK, _epoll.Add(_event, 3, In | (uint)EpollFlags.EPOLLET, 0, _task));
        var tasks = new[] { _world.NewTask(), _world.NewTask(), _world.NewTask() };
        foreach (var task in tasks)
        {
            Assert.Null(_world.Call(task, t => Collect() is > 0 and var n ? n : t.WaitOn(_epoll.Queue, Base.RestartKind.Interrupt, PollEvents.All, exclusive: true)));
        }

        _event.Signal();
        Assert.Equal(1, tasks.Count(task => _world.Answer(task) == 1));
    }
}
