using Microsoft.DurableTask.Entities;

namespace Heal.Shared.Tests.Programs;

/// <summary>What a run does: its programs, and what the outside world does to the instances that it starts.</summary>
/// <param name="name">Part of the names of all that it defines, where several run on one hub.</param>
internal sealed class Scenario(string name = "")
{
    public string ProgramName { get; } = "Program" + name;

    public string WorkName { get; } = "Work" + name;

    public string FlakyName { get; } = "Flaky" + name;

    public string BrokenName { get; } = "Broken" + name;

    /// <summary>The entity that all critical sections share.</summary>
    public EntityInstanceId Shared { get; } = new(Counter.EntityName, "shared" + name);

    public string RootId(int number) => $"root{name}{(name.Length > 0 ? "-" : "")}{number}";

    /// <summary>All programs by id, those of sub-orchestrations included.</summary>
    public Dictionary<int, Recipe> Programs { get; } = [];

    public List<Root> Roots { get; } = [];

    /// <summary>How long the activity of a node works.</summary>
    public Dictionary<int, TimeSpan> Durations { get; } = [];

    /// <summary>How often the activity of a node fails before it succeeds.</summary>
    public Dictionary<int, int> Failures { get; } = [];
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
}
