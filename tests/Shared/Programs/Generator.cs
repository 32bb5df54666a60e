namespace Heal.Shared.Tests.Programs;

/// <summary>Draws a scenario. Whatever it draws has one right result, however the engine interleaves it.</summary>
/// <param name="unit">What the scenario's times are counted in: a tenth of a lease in the simulation, so that every run renews leases
/// about as often.</param>
/// <param name="name">That of the scenario.</param>
/// <param name="again">True when ids are used again, and what has failed is rewound: only who sees each end can say what must come of
/// it.</param>
internal sealed class Generator(Random chance, TimeSpan unit, string name = "", bool again = false)
{
    private const int DeepestChild = 3;
    private const int MostNodes = 45;

    private readonly Scenario _scenario = new(name);
    private int _lastId;
    private int _rewindable;

    public Scenario Draw()
    {
        int roots = chance.Next(1, again ? 5 : 7);
        for (int i = 0; i < roots; i++)
        {
            var program = again && OneIn(8) ? NewFragileProgram(0) : NewRootProgram();
            _scenario.Roots.Add(new Root(_scenario.RootId(i), program)
            {
                After = Time(5),
                StartAfter = OneIn(4) ? Time(60) : TimeSpan.Zero,
                Suspensions = OneIn(4) ? chance.Next(1, 3) : 0,
                Recursive = OneIn(2),
                Sequels = again && OneIn(3) ? NewSequels(program) : [],
            });
        }

        return _scenario;
    }

    private Recipe NewRootProgram() => NewProgram(
        0, chance.Next(10) switch { 0 => Ending.Throw, 1 => Ending.Wait, _ => Ending.Return }, events: true);

    private List<Sequel> NewSequels(Recipe program)
    {
        var sequels = new List<Sequel>();
        for (int i = chance.Next(1, 4); i > 0; i--)
        {
            var how = (Again)chance.Next(CanBeRestarted(program) ? 7 : 5);
            program = how switch
            {
                Again.Purge or Again.Restart or Again.RestartAside => program,

                // One that ended by itself could be purged in the place of the one before.
                Again.PurgeWhileReused => NewProgram(0, Ending.Wait, events: true),
                _ => NewRootProgram(),
            };
            sequels.Add(new Sequel(how, program));
            if (how == Again.Purge)
            {
                break;
            }
        }

        return sequels;
    }

    /// <summary>False for one whose entities would have to know at which round it begins again: a restart is given the last one's input.
    /// </summary>
    private static bool CanBeRestarted(Recipe program) =>
        program.Rounds == 1 || !program.AllNodes.Any(node => node is EntityTalk or Section);

    /// <summary>One that fails at least once in each round, and can be rewound. What is sent to one that has failed is lost, so nothing
    /// is.</summary>
    private Recipe NewFragileProgram(int depth)
    {
        _rewindable++;
        var program = NewProgram(depth, Ending.Return, events: false);
        int id = ++_lastId;
        Node weak = chance.Next(depth < DeepestChild ? 3 : 2) switch
        {
            0 => new Fragile(id),
            1 => new Gather(id, [new Fragile(++_lastId), .. Nodes(chance.Next(1, 4), depth, topLevel: false, events: false)]),
            _ => new Child(id, NewFragileProgram(depth + 1), OneIn(2), Attempts: 1, Caught: false),
        };
        var body = program.Body.ToList();
        body.Insert(chance.Next(body.Count + 1), weak);
        program = program with { Body = body };
        _scenario.Programs[program.Id] = program;
        _rewindable--;
        return program;
    }

    private Node[] Nodes(int count, int depth, bool topLevel, bool events) =>
        [.. Enumerable.Range(0, count).Select(_ => NewNode(depth, topLevel, events))];

    private Recipe NewProgram(int depth, Ending ending, bool events)
    {
        int rounds = OneIn(4) ? chance.Next(2, 5) : 1;
        int id = ++_lastId;
        var body = Nodes(chance.Next(1, 5), depth, topLevel: true, events);
        var program = new Recipe(id, body, rounds, ending);
        _scenario.Programs.Add(id, program);
        return program;
    }

    private Node NewNode(int depth, bool topLevel, bool events)
    {
        int id = ++_lastId;
        bool small = _lastId > MostNodes;
        switch (chance.Next(small ? 4 : 18))
        {
            case 0:
                return NewWork(id);
            case 1:
                return new Sleep(id, Time(OneIn(5) ? 600 : 20));
            case 2:
                return topLevel ? new Status(id) : new SelfTalk(id);
            case 3:
                return events ? new Events(id, chance.Next(1, 4)) : NewWork(id);
            case 4:
                int failures = chance.Next(1, 4);
                _scenario.Failures[id] = failures;
                return new Flaky(id, failures, OneIn(2));
            case 5:
                return new Broken(id, chance.Next(1, 4));
            case 6:
                return new CancelledSleep(id, Time(OneIn(2) ? 3600 : 5), NewNode(depth, topLevel: false, events));
            case 7:
                return new Race(id, Time(OneIn(2) ? 3600 : 5), NewNode(depth, topLevel: false, events));
            case 8:
                return events ? new ConcurrentEvents(id, chance.Next(2, 5)) : NewWork(id);
            case 9:
                return events ? new EventInTime(id, TimeSpan.FromDays(30)) : NewWork(id);
            case 10:
                return new EventTooLate(id, Time(30));
            case 11 or 12:
                return depth < DeepestChild ? NewChild(id, depth + 1, events) : NewWork(id);
            case 13:
                return depth < DeepestChild ? new Talk(id) : NewWork(id);
            case 14 when depth < DeepestChild:
                return topLevel ? new Section(id) : new EntityTalk(id);
            case 15 when depth < DeepestChild:
                return new EntityTalk(id);
            default:
                int parts = chance.Next(2, OneIn(6) ? 20 : 5);
                return new Gather(id, Nodes(parts, depth, topLevel: false, events));
        }
    }

    private Work NewWork(int id)
    {
        var lasts = chance.Next(8) switch { 0 => Time(100), 1 or 2 => Time(3), _ => TimeSpan.Zero };
        _scenario.Durations[id] = lasts;
        return new Work(id, lasts);
    }

    private Child NewChild(int id, int depth, bool events)
    {
        // One that is run again under the same id, or whose id nobody knows, cannot be sent anything from outside.
        bool ownId = OneIn(2);
        var ending = chance.Next(6) switch { 0 => Ending.Throw, 1 when ownId && events => Ending.Wait, _ => Ending.Return };
        int attempts = ending == Ending.Throw && OneIn(2) ? chance.Next(2, 4) : 1;
        if (_rewindable > 0)
        {
            // A rewind of its caller would run it again from its first failure on: what follows that would happen twice.
            ending = Ending.Return;
        }

        // Run again, a deep one would find its own sub-orchestrations' ids taken.
        return new Child(
            id, NewProgram(attempts > 1 ? DeepestChild : depth, ending, events && ownId && attempts == 1), ownId, attempts, Caught: true);
    }

    private bool OneIn(int many) => chance.Next(many) == 0;

    private TimeSpan Time(int most) => unit * (most * chance.NextDouble());
}
