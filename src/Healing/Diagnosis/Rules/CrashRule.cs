namespace Heal.Healing;

/// <summary>Containers of the newest revision crash, and the template changed shortly before.</summary>
internal sealed class CrashRule : IDiagnosisRule
{
    public Finding Judge(Symptoms symptoms, ChangeFacts change)
    {
        const string Cause = Causes.CrashAfterTemplateChange;
        if (symptoms.Crashes.Count == 0) return Finding.Reject(Cause, "no container of the newest revision crashes");
        if (!change.MayExplain) return Finding.Reject(Cause, change.WhyNot!, Ids(symptoms));

        var (pod, container) = symptoms.Crashes[0];
        var config = change.Touching("volumes", "volumeMounts", "envFrom");
        var direct = change.TouchingContainer(container.Name, "image", "command", "args", "env", "livenessProbe", "securityContext");
        IReadOnlyList<Difference> telling = [.. config.Union(direct)];
        var confidence = 0.65
            + (telling.Count > 0 ? 0.2 : 0)
            + (symptoms.OlderRevisionServes ? 0.05 : 0)
            + (symptoms.Evidence.Logs.Any(log => log.Pod == pod.Name && log.Lines.Count > 0) ? 0.05 : 0);

        // Pods that ran before the change crash as well: then it is hardly the change.
        if (symptoms.FailingElsewhere.Count > 0) confidence = 0.3;

        var configs = symptoms.Evidence.Configs.Where(item => item.UsedByCurrent && !item.UsedByPrevious).ToList();
        var mounts = configs.Count > 0 ? $"; it brought {configs[0].Kind} '{configs[0].Name}'" : "";
        return Finding.Accept(Cause, confidence,
            $"container '{container.Name}' of pod {pod.Name} crashes "
            + $"({Symptoms.Describe(container)}) since {change.Describe(telling)}{mounts}",
            [
                .. Ids(symptoms), change.Change!.Id, .. telling.Select(item => item.Id), .. configs.Select(item => item.Id),
                .. symptoms.Evidence.Logs.Where(log => log.Pod == pod.Name).Select(log => log.Id),
            ]);
    }

    private static IEnumerable<string> Ids(Symptoms symptoms) => symptoms.Crashes.Select(found => found.Container.Id);
}
