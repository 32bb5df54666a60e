using Heal.Shared.Tests.Programs;

namespace Heal.DurableTask.Simulation.Tests;

/// <summary>What activities need that fail without it: broken at first, until the outside world repairs it.</summary>
internal sealed class Repairs
{
    private readonly HashSet<Job> _repaired = [];
    private readonly HashSet<Job> _broken = [];

    /// <summary>Whether an activity succeeds; one that does not is seen to be broken.</summary>
    public bool IsRepaired(Job job)
    {
        if (_repaired.Contains(job))
        {
            return true;
        }

        _broken.Add(job);
        return false;
    }

    /// <summary>From now on, what of a program was seen to be broken works.</summary>
    public void Repair(Recipe program)
    {
        foreach (var node in program.AllNodes)
        {
            _repaired.UnionWith(_broken.Where(job => job.Node == node.Id));
            if (node is Child { Caught: false } child)
            {
                Repair(child.Program);
            }
        }
    }

    /// <summary>True when the program, or a sub-orchestration of it, needs a repair yet.</summary>
    public bool FailsBeforeItsEnd(Recipe program) => program.AllNodes.Any(node => node switch
    {
        Fragile => Enumerable.Range(0, program.Rounds).Any(round => !_repaired.Contains(new Job(node.Id, round))),
        Child { Caught: false } child => FailsBeforeItsEnd(child.Program),
        _ => false,
    });
}
