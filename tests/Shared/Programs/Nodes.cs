namespace Heal.Shared.Tests.Programs;

/// <summary>One thing that a generated orchestrator does. Each yields a number; the numbers together are its result.</summary>
/// <param name="Id">Unique in the scenario: names its events and its activity's input.</param>
internal abstract record Node(int Id);

/// <summary>Calls an activity.</summary>
/// <param name="Lasts">How long the activity works; more than a lease for some.</param>
internal sealed record Work(int Id, TimeSpan Lasts) : Node(Id);

/// <summary>Calls an activity that fails a number of times before it succeeds; a policy or a handler retries.</summary>
internal sealed record Flaky(int Id, int Failures, bool ByHandler) : Node(Id);

/// <summary>Calls an activity that always fails, a number of times.</summary>
internal sealed record Broken(int Id, int Attempts) : Node(Id);

/// <summary>Waits on a durable timer.</summary>
internal sealed record Sleep(int Id, TimeSpan Time) : Node(Id);

/// <summary>Does something with a far timer beside it, then cancels the timer.</summary>
internal sealed record CancelledSleep(int Id, TimeSpan Time, Node Beside) : Node(Id);

/// <summary>Waits for whichever is first, a timer or something else, and then for the something.</summary>
internal sealed record Race(int Id, TimeSpan Time, Node Against) : Node(Id);

/// <summary>Takes a number of events of one name, one after the other: they come in the order in which they were sent.</summary>
internal sealed record Events(int Id, int Count) : Node(Id);

/// <summary>Waits for a number of events of one name at once: who gets which is open, their sum is not.</summary>
internal sealed record ConcurrentEvents(int Id, int Count) : Node(Id);

/// <summary>Waits for an event that comes long before its timeout.</summary>
internal sealed record EventInTime(int Id, TimeSpan Timeout) : Node(Id);

/// <summary>Waits for an event that nobody sends.</summary>
internal sealed record EventTooLate(int Id, TimeSpan Timeout) : Node(Id);

/// <summary>Sends itself an event and takes it.</summary>
internal sealed record SelfTalk(int Id) : Node(Id);

/// <summary>Runs a sub-orchestration.</summary>
/// <param name="OwnId">True for an instance id of the caller's choice.</param>
/// <param name="Attempts">How often a failing one is run.</param>
/// <param name="Caught">False when its failure is its caller's too.</param>
internal sealed record Child(int Id, Recipe Program, bool OwnId, int Attempts, bool Caught) : Node(Id);

/// <summary>Calls an activity that fails, and the orchestration with it, until somebody repairs what it needs.</summary>
internal sealed record Fragile(int Id) : Node(Id);

/// <summary>Runs a sub-orchestration that waits for a word of its parent, and answers it while it runs.</summary>
internal sealed record Talk(int Id) : Node(Id);

/// <summary>Signals an entity of its own, then calls it: the call finds what the signal did.</summary>
internal sealed record EntityTalk(int Id) : Node(Id);

/// <summary>Calls two entities in a critical section; one of them is everybody's.</summary>
internal sealed record Section(int Id) : Node(Id);

/// <summary>Does several things at once and waits for all.</summary>
internal sealed record Gather(int Id, IReadOnlyList<Node> Parts) : Node(Id);

/// <summary>Sets the custom status.</summary>
internal sealed record Status(int Id) : Node(Id);

/// <summary>How a program ends.</summary>
internal enum Ending
{
    Return,
    Throw,

    /// <summary>Waits for ever; somebody has to terminate it.</summary>
    Wait,
}

/// <summary>A generated orchestrator: the nodes one after the other, the whole of it several times by continue-as-new.</summary>
internal sealed record Recipe(int Id, IReadOnlyList<Node> Body, int Rounds, Ending Ending)
{
    public IEnumerable<Node> AllNodes => Body.SelectMany(Flatten);

    /// <summary>How many things have to be repaired before it completes.</summary>
    public int FragileJobs => Rounds * AllNodes.Sum(node => node switch
    {
        Fragile => 1,
        Child { Caught: false } child => child.Program.FragileJobs,
        _ => 0,
    });

    private static IEnumerable<Node> Flatten(Node node) => node switch
    {
        Gather gather => [gather, .. gather.Parts.SelectMany(Flatten)],
        CancelledSleep sleep => [sleep, .. Flatten(sleep.Beside)],
        Race race => [race, .. Flatten(race.Against)],
        _ => [node],
    };
}

/// <summary>What an orchestrator gets as its input.</summary>
/// <param name="Sum">The result of the rounds before.</param>
internal sealed record Order(int Program, int Round, long Sum);

/// <summary>What an activity gets as its input.</summary>
internal sealed record Job(int Node, int Round);

/// <summary>Numbers that tell what was done, and in which order.</summary>
internal static class Sums
{
    public static long Next(long sum, long value) => unchecked((long)BitOperationsMix((ulong)sum ^ (ulong)(value + 0x9e37)));

    /// <summary>The event number <paramref name="index"/> of a node.</summary>
    public static long Payload(int node, int index) => (node * 1000L) + index;

    private static ulong BitOperationsMix(ulong value)
    {
        unchecked
        {
            value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
            value = (value ^ (value >> 27)) * 0x94d049bb133111eb;

            // Cut to what every JSON number holds exactly.
            return (value ^ (value >> 31)) & 0x1fffffffffffff;
        }
    }
}
