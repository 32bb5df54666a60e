namespace Heal.Healing;

/// <summary>The newest revision refers to a ConfigMap or Secret that is not there. Going back helps when the change brought the
/// reference.</summary>
internal sealed class MissingObjectRule : IDiagnosisRule
{
    public Finding Judge(Symptoms symptoms, ChangeFacts change)
    {
        var missing = symptoms.Evidence.Configs.Where(config => !config.Exists && config.UsedByCurrent).ToList();
        var mounts = symptoms.Evidence.Events.Where(IsMissingMount).ToList();
        if (missing.Count == 0 && mounts.Count == 0 && symptoms.Unconfigured.Count == 0)
        {
            return Finding.Reject(
                Causes.MissingObject,
                "every ConfigMap and Secret that the pods refer to and that could be looked at exists, "
                + "and no container waits for its configuration",
                symptoms.Evidence.Configs.Select(config => config.Id));
        }

        IEnumerable<string> evidence =
        [
            .. missing.Select(config => config.Id), .. mounts.Select(item => item.Id),
                .. symptoms.Unconfigured.Select(found => found.Container.Id),
        ];
        var what = missing.Count > 0 ? $"{missing[0].Kind} '{missing[0].Name}' does not exist"
            : symptoms.Unconfigured.Count > 0
                ? $"container '{symptoms.Unconfigured[0].Container.Name}' waits: {symptoms.Unconfigured[0].Container.WaitingMessage}"
            : $"a volume cannot be mounted: {mounts[0].Message}";

        var references = change.MayExplain ? change.Touching("volumes", "env", "envFrom") : [];
        var introduced = missing.Count > 0 ? change.MayExplain && missing.All(config => !config.UsedByPrevious) : references.Count > 0;
        return introduced
            ? Finding.Accept(Causes.MissingObjectAfterTemplateChange, missing.Count > 0 ? 0.9 : 0.75,
                $"{what}, and {change.Describe(references)} brought the reference",
                evidence.Append(change.Change!.Id).Concat(references.Select(item => item.Id)))
            : Finding.Accept(Causes.MissingObject, 0.85,
                $"{what}, and the revision before needed it too: it must be restored, not rolled back", evidence);
    }

    private static bool IsMissingMount(EventEvidence item) =>
        item.Reason == "FailedMount" && item.Message.Contains("not found", StringComparison.OrdinalIgnoreCase);
}
