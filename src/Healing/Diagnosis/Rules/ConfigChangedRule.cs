namespace Heal.Healing;

/// <summary>A ConfigMap that the pods used before too was changed in place. A rollback of the Deployment would leave it as it is.</summary>
internal sealed class ConfigChangedRule : IDiagnosisRule
{
    private static readonly TimeSpan Window = TimeSpan.FromHours(1);

    public Finding Judge(Symptoms symptoms, ChangeFacts change)
    {
        var suspects = symptoms.Evidence.Configs
            .Where(config => config is { Exists: true, UsedByCurrent: true, ChangedAt: not null } && config.ChangedAt != config.CreatedAt)
            .Where(config => config.ChangedAt <= symptoms.Since && symptoms.Since - config.ChangedAt <= Window)
            .Where(config => change.Change is null || config.UsedByPrevious || config.ChangedAt > change.Change.At)
            .ToList();
        if (suspects.Count == 0 || symptoms.Failing.Count == 0)
        {
            return Finding.Reject(
                Causes.ConfigChangedInPlace,
                $"no ConfigMap or Secret in use was rewritten within {Window.TotalMinutes:0} minutes before the fault",
                symptoms.Evidence.Configs.Select(config => config.Id));
        }

        // Beside a change of the template it is the weaker explanation, without one the stronger.
        return Finding.Accept(Causes.ConfigChangedInPlace, change.MayExplain ? 0.4 : 0.75,
            $"{suspects[0].Kind} '{suspects[0].Name}' was rewritten at {suspects[0].ChangedAt:u}, "
            + "shortly before the fault, under the same name",
            suspects.Select(config => config.Id));
    }
}
