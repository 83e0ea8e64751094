using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Platform.InProcess;

/// <summary>
/// A platform whose programs are C# delegates in this process. One guest thread moves at a time, in an order that is always the same;
/// time and entropy are the owner's. There is no wall: guests are trusted, being tests. Futexes come to the kernel.
/// </summary>
public sealed class InProcessPlatform : IPlatform
{
    private readonly Scheduler _scheduler = new();
    private readonly Dictionary<int, IHostStream> _streams = [];
    private readonly List<Delegate> _programs = [];
    private readonly List<InProcessSpace> _spaces = [];
    private ulong _entropy;

    /// <param name="clock">Its time; the owner moves it.</param>
    /// <param name="seed">Of its entropy: the same seed gives the same bytes.</param>
    public InProcessPlatform(VirtualClock clock, ulong seed = 1)
    {
        Clock = clock;
        _entropy = seed;
    }

    /// <summary>Its time.</summary>
    public VirtualClock Clock { get; }

    /// <summary>Where traps go.</summary>
    internal ITrapHandler Handler { get; private set; } = null!;

    internal Scheduler Scheduler => _scheduler;

    /// <inheritdoc/>
    public long MonotonicNanoseconds => Clock.MonotonicNanoseconds;

    /// <inheritdoc/>
    public long RealtimeNanoseconds => Clock.RealtimeNanoseconds;

    /// <summary>None: clocks are asked with a system call.</summary>
    public ulong VdsoAddress => 0;

    /// <inheritdoc/>
    public (ulong HwCap, ulong HwCap2) HardwareCapabilities => default;

    /// <inheritdoc/>
    public ulong MinimumSignalStack => 2048;

    /// <inheritdoc/>
    public bool HasNativeFutex => false;

    /// <inheritdoc/>
    public bool GuestsTakeMemory => false;

    /// <summary>Two, whatever the machine has.</summary>
    public IReadOnlyList<int> Processors { get; } = [0, 1];

    /// <inheritdoc/>
    public void Start(ITrapHandler handler) => Handler = handler;

    /// <summary>A program as a file that exec runs.</summary>
    public byte[] MakeProgram(Action<Guest> program) => ProgramImage.File(Register(program));

    /// <summary>Lets guests run until all of them wait, have ended or are stopped.</summary>
    /// <exception cref="GuestFailedException">A delegate threw.</exception>
    public void RunUntilIdle() => _scheduler.RunUntilIdle();

    /// <summary>From now on a seed says who moves next. A turn may end at every call and, in Debug builds, at every lock of the kernel.</summary>
    public void OrderBy(int seed) => _scheduler.OrderBy(seed);

    /// <summary>How often a seed was asked so far who moves next, or whether a turn ends; 0 without one. Two runs that are not the same soon
    /// differ in it. For the thread that lets guests run.</summary>
    public long Choices => _scheduler.Choices;

    /// <summary>Plays a descriptor of the host.</summary>
    public void SetStream(int descriptor, IHostStream stream) => _streams[descriptor] = stream;

    /// <inheritdoc/>
    public Result<VmThread> CreateSpace()
    {
        var space = new InProcessSpace(_scheduler, new MemoryMap());
        Add(space);
        return Result<VmThread>.Of(new InProcessThread(this, space));
    }

    /// <inheritdoc/>
    public Result<IMemoryBacking> CreateMemory(string name) => Result<IMemoryBacking>.Of(new InProcessMemory());

    /// <inheritdoc/>
    public void Fill(Span<byte> entropy)
    {
        lock (_programs)
        {
            Span<byte> word = stackalloc byte[8];
            while (!entropy.IsEmpty)
            {
                // SplitMix64: every bit of the output depends on every bit of the state.
                _entropy += 0x9e3779b97f4a7c15;
                var value = (_entropy ^ (_entropy >> 30)) * 0xbf58476d1ce4e5b9;
                value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
                BinaryPrimitives.WriteUInt64LittleEndian(word, value ^ (value >> 31));
                var part = Math.Min(entropy.Length, word.Length);
                word[..part].CopyTo(entropy);
                entropy = entropy[part..];
            }
        }
    }

    /// <inheritdoc/>
    public IHostAlarm CreateAlarm(IEnumerable<int>? processors = null) => new VirtualAlarm(Clock);

    /// <summary>The stream that a test plays for it; one at its end when there is none.</summary>
    public IHostStream OpenStream(int descriptor)
    {
        if (_streams.TryGetValue(descriptor, out var stream))
        {
            return stream;
        }

        var ended = new InProcessStream();
        ended.End();
        return ended;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        InProcessSpace[] spaces;
        lock (_programs)
        {
            spaces = [.. _spaces];
        }

        foreach (var space in spaces)
        {
            space.Kill();
        }

        _scheduler.RunUntilIdle();
    }

    internal void Add(InProcessSpace space)
    {
        lock (_programs)
        {
            _spaces.Add(space);
        }
    }

    /// <summary>Gives a delegate a number.</summary>
    internal int Register(Delegate program)
    {
        lock (_programs)
        {
            _programs.Add(program);
            return _programs.Count - 1;
        }
    }

    /// <summary>The delegate whose instruction lies at an address; null when there is none.</summary>
    internal Delegate? Fetch(InProcessSpace space, ulong address)
    {
        Span<byte> code = stackalloc byte[ProgramImage.Length];
        if (space.Read(address, code) != Errno.OK || ProgramImage.Number(code) is not { } number)
        {
            return null;
        }

        lock (_programs)
        {
            return number >= 0 && number < _programs.Count ? _programs[number] : null;
        }
    }
}
