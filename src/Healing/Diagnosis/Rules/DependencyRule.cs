using System.Globalization;

namespace Heal.Healing;

/// <summary>
/// What the target's pods stand on is not ready, and that is why they fail: the fault is there, and nothing that is done to the target
/// helps. A change of the target that came right before its fault is the better explanation, unless its own logs name what is missing; and
/// one that brought the reference in the first place always is.
/// </summary>
internal sealed class DependencyRule : IDiagnosisRule
{
    private const string Cause = Causes.DependencyUnready;

    /// <summary>A change of the template that is older than this when the fault begins has served.</summary>
    private static readonly TimeSpan Served = TimeSpan.FromMinutes(10);

    public Finding Judge(Symptoms symptoms, ChangeFacts change)
    {
        if (symptoms.Failing.Count + symptoms.Unready.Count == 0) return Finding.Reject(Cause, "no pod of the newest revision fails");
        var missing = symptoms.Evidence.Dependencies.OrderBy(dependency => !dependency.Complained).FirstOrDefault();
        if (missing is null) return JudgeRecovery(symptoms);
        if (Brought(missing, change, symptoms.Evidence.Target.Namespace))
        {
            return Finding.Reject(Cause, $"the newest change brought the reference to Service '{missing.Service}'", missing.Id);
        }

        var served = !change.MayExplain || symptoms.Since - change.Change!.At > Served;
        return Finding.Accept(Cause, missing.Complained || served ? 0.97 : 0.55,
            string.Create(CultureInfo.InvariantCulture,
                $"it stands on Service '{missing.Service}' ({missing.NamedBy}), which has no ready backend: "
                + $"{missing.NotReady} are not ready"),
            missing.Id);
    }

    // Of a crash that was while the dependency was missing nothing is learned, however long the container waits for its next start.
    private static Finding JudgeRecovery(Symptoms symptoms)
    {
        if (symptoms.Evidence.BlockedUntil is not { } until)
        {
            return Finding.Reject(Cause, "no Service that its pods name is without backends");
        }

        var due = until + Symptoms.AfterBlock;
        return symptoms.Evidence.CollectedAt <= due
            || (symptoms.Failing.Count > 0 && symptoms.Failing.All(found => found.Container.LastFinishedAt <= due))
            ? Finding.Accept(Cause, 0.97, $"what it stands on was not ready until {until:u}, and its pods have not had their time since")
            : Finding.Reject(Cause, $"what it stands on has been ready since {until:u}, and its pods fail all the same");
    }

    private static bool Brought(DependencyEvidence missing, ChangeFacts change, string ns)
    {
        return change.MayExplain && change.Differences.Any(difference => Names(difference.New) && !Names(difference.Old));

        bool Names(string? text) => text is not null && ServiceNames.IsNamed(text, missing.Service, ns);
    }
}
