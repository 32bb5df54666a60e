using DurableTask.Core;

namespace Heal.Shared.Tests.Programs;

/// <summary>How an instance must end.</summary>
/// <param name="Output">The number that it returns, or with which it throws.</param>
internal sealed record Expected(OrchestrationStatus Status, long Output, int? CustomStatus);

/// <summary>Says what a program comes to, without an engine: everything happens once, in order, at once.</summary>
internal static class Model
{
    /// <summary>What those return that have to be terminated.</summary>
    public const long TerminationOutput = 4711;

    /// <param name="firstRound">More than 0 for one that was restarted after it had continued as new: it gets the input that it had then.
    /// </param>
    public static Expected Run(Recipe program, long seedSum, int firstRound = 0)
    {
        long sum = seedSum;
        int? status = null;
        for (int round = firstRound; round < program.Rounds; round++)
        {
            foreach (var node in program.Body)
            {
                sum = Sums.Next(sum, Value(node, round));
            }

            status = StatusAfter(program, round) ?? status;
        }

        return program.Ending switch
        {
            Ending.Throw => new(OrchestrationStatus.Failed, sum, status),
            Ending.Wait => new(OrchestrationStatus.Terminated, TerminationOutput, status),
            _ => new(OrchestrationStatus.Completed, sum, status),
        };
    }

    /// <summary>True when an instance of it, or below it, is terminated: how far that one comes is open.</summary>
    public static bool IsTerminatedSomewhere(Recipe program) =>
        program.Ending == Ending.Wait || program.AllNodes.OfType<Child>().Any(child => IsTerminatedSomewhere(child.Program));

    /// <summary>How many instances a program comes to, itself included.</summary>
    public static int InstancesOf(Recipe program, int firstRound = 0) =>
        1 + ((program.Rounds - firstRound) * program.AllNodes.Sum(node => node switch
        {
            Child child => InstancesOf(child.Program),
            Talk => 1,
            _ => 0,
        }));

    /// <summary>How many critical sections a program has, those of its sub-orchestrations included.</summary>
    public static int SectionsOf(Recipe program, int firstRound = 0) =>
        (program.Rounds - firstRound) * program.AllNodes.Sum(node => node switch
        {
            Section => 1,
            Child child => SectionsOf(child.Program),
            _ => 0,
        });

    /// <summary>How often an execution schedules a node's activity in each round.</summary>
    public static int TimesOf(Node node) => node switch
    {
        Flaky flaky => flaky.Failures + 1,
        Broken broken => broken.Attempts,
        _ => 1,
    };

    /// <summary>The custom status that a round leaves to the next one.</summary>
    public static int? StatusAfter(Recipe program, int round) => program.AllNodes.OfType<Status>().LastOrDefault()?.Id + round;

    private static long Value(Node node, int round) => node switch
    {
        Work or Flaky or Fragile => Result(new Job(node.Id, round)),
        Broken or EventTooLate => -node.Id,
        Sleep or Status => node.Id,
        CancelledSleep sleep => Value(sleep.Beside, round),
        Race race => Value(race.Against, round),
        Events events => Payloads(events.Id, events.Count, round).Aggregate(0L, Sums.Next),
        ConcurrentEvents events => Payloads(events.Id, events.Count, round).Sum(),
        EventInTime => Sums.Payload(node.Id, round),
        SelfTalk => Sums.Payload(node.Id, round),
        Child child => Run(child.Program, child.Id) is { Status: OrchestrationStatus.Completed } done ? done.Output : -node.Id,
        EntityTalk => (round + 1) * 6,
        Section => round + 1,
        Talk => (Sums.Payload(node.Id, round) * 2) + 1,
        Gather gather => gather.Parts.Select(part => Value(part, round)).Aggregate(0L, Sums.Next),
        _ => throw new InvalidOperationException($"No such node: {node}"),
    };

    /// <summary>What an activity returns.</summary>
    public static long Result(Job job) => Sums.Next(job.Node, job.Round);

    private static IEnumerable<long> Payloads(int node, int count, int round) =>
        Enumerable.Range(round * count, count).Select(index => Sums.Payload(node, index));
}
