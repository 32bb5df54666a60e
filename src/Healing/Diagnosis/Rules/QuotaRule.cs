namespace Heal.Healing;

/// <summary>The namespace's quota refuses new pods.</summary>
internal sealed class QuotaRule : IDiagnosisRule
{
    private const string Words = "exceeded quota";

    public Finding Judge(Symptoms symptoms, ChangeFacts change)
    {
        var evidence = symptoms.Evidence;
        var events = evidence.Events.Where(item => Says(item.Message)).ToList();
        var refused = evidence.Workload?.Condition("ReplicaFailure") is { Status: true } failure && Says(failure.Message) ? failure : null;
        var quotas = evidence.Related.Where(item => item.Kind == "ResourceQuota").Select(item => item.Id);
        if (events.Count == 0 && refused is null) return Finding.Reject(Causes.QuotaExceeded, "no quota refused a pod", quotas);

        var message = refused?.Message ?? events[0].Message;
        return Finding.Accept(Causes.QuotaExceeded, 0.9, $"a quota of the namespace refuses new pods: {message}",
            [.. refused is null ? [] : new[] { evidence.Workload!.Id }, .. events.Select(item => item.Id), .. quotas]);
    }

    private static bool Says(string message) => message.Contains(Words, StringComparison.OrdinalIgnoreCase);
}
