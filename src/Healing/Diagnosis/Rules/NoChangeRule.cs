namespace Heal.Healing;

/// <summary>Nothing recent explains the fault. A hypothesis in its own right: it says that a rollback is not the remedy.</summary>
internal sealed class NoChangeRule : IDiagnosisRule
{
    public Finding Judge(Symptoms symptoms, ChangeFacts change) => change.MayExplain
        ? Finding.Reject(Causes.NoChangeFound, $"{change.Describe([])} came shortly before the fault", change.Change!.Id)
        : Finding.Accept(Causes.NoChangeFound, 0.5, $"no recent change explains the fault: {change.WhyNot}",
            symptoms.Current is { } current ? [current.Id] : []);
}
