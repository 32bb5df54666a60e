namespace Heal.DurableTask.Engine.Tests.Faults;

/// <summary>
/// A process's way to PostgreSQL, on which a seed draws what goes wrong: a request that never arrives, or in part; one that is carried out
/// and whose answer is lost, as a whole or in part; a way that takes its time. A request is what the driver writes at once: a group
/// of statements with the end of its transaction, or one step of a longer transaction, its COMMIT included.
/// </summary>
/// <param name="rate">How likely a fault is, for each request.</param>
internal sealed class FaultyWire(string target, int seed, double rate) : PostgresProxy(target)
{
    private readonly Lock _gate = new();
    private readonly Random _chance = new(seed);
    private readonly Dictionary<WireFault, int> _faults = [];
    private bool _isCalm = true;

    /// <summary>How often each fault has happened.</summary>
    public IReadOnlyDictionary<WireFault, int> Faults
    {
        get
        {
            lock (_gate)
            {
                return new Dictionary<WireFault, int>(_faults);
            }
        }
    }

    /// <summary>From now on things go wrong; before, nothing does.</summary>
    public void Begin() => SetCalm(false);

    /// <summary>Nothing goes wrong any more.</summary>
    public void Calm() => SetCalm(true);

    private void SetCalm(bool isCalm)
    {
        lock (_gate)
        {
            _isCalm = isCalm;
        }
    }

    private protected override IPassage Open() => new Passage(this);

    private WireFault Draw()
    {
        lock (_gate)
        {
            if (_isCalm || _chance.NextDouble() >= rate)
            {
                return WireFault.None;
            }

            var drawn = (WireFault)_chance.Next(1, Enum.GetValues<WireFault>().Length);
            _faults[drawn] = _faults.GetValueOrDefault(drawn) + 1;
            return drawn;
        }
    }

    private TimeSpan Delay()
    {
        lock (_gate)
        {
            return TimeSpan.FromMilliseconds(_chance.Next(5, 80));
        }
    }

    private sealed class Passage(FaultyWire wire) : IPassage
    {
        private volatile WireFault _doom;

        public async Task<bool> AskAsync(ReadOnlyMemory<byte> request, Stream server, CancellationToken cancellation)
        {
            WireFault fault = wire.Draw();
            switch (fault)
            {
                case WireFault.Before:
                    return false;
                case WireFault.Torn:
                    await server.WriteAsync(request[..(request.Length / 2)], cancellation);
                    return false;
                case WireFault.Slow:
                    await Task.Delay(wire.Delay(), cancellation);
                    break;
                case WireFault.After or WireFault.TornAnswer:
                    _doom = fault;
                    break;
            }

            await server.WriteAsync(request, cancellation);
            return true;
        }

        public async Task<bool> AnswerAsync(ReadOnlyMemory<byte> answer, Stream client, CancellationToken cancellation)
        {
            if (_doom == WireFault.None)
            {
                await client.WriteAsync(answer, cancellation);
                return true;
            }

            await client.WriteAsync(_doom == WireFault.TornAnswer ? answer[..(answer.Length / 2)] : default, cancellation);
            return false;
        }
    }
}

/// <summary>What goes wrong on the way of a request.</summary>
internal enum WireFault
{
    None,

    /// <summary>It never arrives.</summary>
    Before,

    /// <summary>A part of it arrives.</summary>
    Torn,

    /// <summary>It is carried out, and nothing of the answer arrives.</summary>
    After,

    /// <summary>It is carried out, and a part of the answer arrives.</summary>
    TornAnswer,

    /// <summary>It takes its time.</summary>
    Slow,
}
