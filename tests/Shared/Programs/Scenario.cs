using Microsoft.DurableTask.Entities;

namespace Heal.Shared.Tests.Programs;

/// <summary>What a run does: its programs, and what the outside world does to the instances that it starts.</summary>
/// <param name="name">Part of the names of all that it defines, where several run on one hub.</param>
internal sealed class Scenario(string name = "")
{
    private Dictionary<int, Node>? _nodes;
    private Dictionary<int, Child>? _callers;

    public string ProgramName { get; } = "Program" + name;

    public string WorkName { get; } = "Work" + name;

    public string FlakyName { get; } = "Flaky" + name;

    public string BrokenName { get; } = "Broken" + name;

    public string FragileName { get; } = "Fragile" + name;

    /// <summary>The entity that all critical sections share.</summary>
    public EntityInstanceId Shared { get; } = new(Counter.EntityName, "shared" + name);

    /// <summary>All programs by id, those of sub-orchestrations included.</summary>
    public Dictionary<int, Recipe> Programs { get; } = [];

    public List<Root> Roots { get; } = [];

    public string RootId(int number) => $"root{name}{(name.Length > 0 ? "-" : "")}{number}";

    /// <summary>How long the activity of a node works.</summary>
    public Dictionary<int, TimeSpan> Durations { get; } = [];

    /// <summary>How often the activity of a node fails before it succeeds.</summary>
    public Dictionary<int, int> Failures { get; } = [];

    public Node NodeOf(int id) => (_nodes ??= Programs.Values.SelectMany(program => program.AllNodes).ToDictionary(node => node.Id))[id];

    /// <summary>The node that runs a program as a sub-orchestration; null for one that a client starts.</summary>
    public Child? CallerOf(Recipe program) => (_callers ??= Programs.Values.SelectMany(parent => parent.AllNodes).OfType<Child>()
        .ToDictionary(child => child.Program.Id)).GetValueOrDefault(program.Id);
}

/// <summary>An orchestration that a client starts.</summary>
internal sealed record Root(string InstanceId, Recipe Program)
{
    /// <summary>When the client starts it.</summary>
    public required TimeSpan After { get; init; }

    /// <summary>How much later than that it is to begin; zero for at once.</summary>
    public required TimeSpan StartAfter { get; init; }

    /// <summary>How often it is suspended and resumed.</summary>
    public required int Suspensions { get; init; }

    /// <summary>Whether its sub-orchestrations end with it when it is terminated.</summary>
    public required bool Recursive { get; init; }

    /// <summary>What is done with its id after it, one after the other.</summary>
    public IReadOnlyList<Sequel> Sequels { get; init; } = [];
}

/// <summary>What a client does with an instance id that was used.</summary>
internal enum Again
{
    /// <summary>Starts something else under the id as soon as it has ended, whatever its sub-orchestrations still do.</summary>
    Reuse,

    /// <summary>Starts something else under the id, which terminates what still runs under it.</summary>
    Replace,

    /// <summary>Purges it with its sub-orchestrations.</summary>
    Purge,

    /// <summary>Purges it with its sub-orchestrations, and starts something else under the id.</summary>
    PurgeAndReuse,

    /// <summary>Purges it while somebody else starts something under the id: that one lives, or begins after the purge.</summary>
    PurgeWhileReused,

    /// <summary>Restarts it.</summary>
    Restart,

    /// <summary>Restarts it under an id of its own.</summary>
    RestartAside,
}

/// <param name="Program">What runs then.</param>
internal sealed record Sequel(Again How, Recipe Program);
