using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Simulator.Objects;

namespace Heal.Simulator.Controllers;

/// <summary>What ends a Job: enough successes, too many failures, or a rule of its own about exit codes, indexes or successes.</summary>
internal sealed record JobEnd(bool IsSuccess, string Reason, string Message)
{
    private const string Index = "batch.kubernetes.io/job-completion-index";

    /// <summary>Of an indexed Job with a limit for each index; null for others.</summary>
    public string? FailedIndexes { get; private init; }

    /// <summary>Null while it goes on.</summary>
    public static JobEnd? Of(JsonObject job, List<JsonObject> pods)
    {
        var (succeeded, failed) = (pods.Where(HasSucceeded).ToList(), pods.Where(HasFailed).ToList());
        var completions = job.Number("spec", "completions") ?? 1;
        if (failed.Select(pod => ByExitCode(job, pod)).FirstOrDefault(end => end is not null) is { } ruled)
            return ruled;
        if (job.Items("spec", "successPolicy", "rules").Any(rule => succeeded.Count >= (rule.Number("succeededCount") ?? long.MaxValue)))
            return new JobEnd(true, "SuccessPolicy", "Matched rules at index 0");
        if (succeeded.Count >= completions)
            return new JobEnd(true, "CompletionsReached", "Reached expected number of succeeded pods");
        if (job.Number("spec", "backoffLimitPerIndex") is not null)
            return ByIndex(job, pods, completions);
        return failed.Count > (job.Number("spec", "backoffLimit") ?? 6)
            ? new JobEnd(false, "BackoffLimitExceeded", "Job has reached the specified backoff limit") : null;
    }

    public static bool IsActive(JsonObject pod) => !pod.IsDeleting() && !HasSucceeded(pod) && !HasFailed(pod);

    public static bool HasSucceeded(JsonObject pod) => pod.Text("status", "phase") == "Succeeded";

    public static bool HasFailed(JsonObject pod) => pod.Text("status", "phase") == "Failed";

    /// <summary>The lowest index that has neither succeeded nor failed for good.</summary>
    public static long NextIndex(JsonObject job, List<JsonObject> pods)
    {
        var completions = job.Number("spec", "completions") ?? 1;
        return Range(completions).FirstOrDefault(i => !pods.Exists(p => HasSucceeded(p) && IndexOf(p) == i) && !IsLost(job, pods, i));
    }

    private static JobEnd? ByExitCode(JsonObject job, JsonObject pod)
    {
        var codes = pod.Items("status", "containerStatuses")
            .Select(s => (Name: s.Text("name"), Code: s.Number("state", "terminated", "exitCode") ?? 0)).Where(c => c.Code != 0).ToList();
        foreach (var rule in job.Items("spec", "podFailurePolicy", "rules").Where(r => r.Text("action") == "FailJob"))
        {
            var values = (rule.At("onExitCodes", "values") as JsonArray)?.Select(v => v!.GetValue<long>()).ToHashSet() ?? [];
            foreach (var (name, code) in codes)
            {
                if (values.Contains(code) == (rule.Text("onExitCodes", "operator") == "In"))
                    return new JobEnd(false, "PodFailurePolicy", string.Create(CultureInfo.InvariantCulture,
                        $"Container {name} for pod {pod.Namespace()}/{pod.Name()} failed with exit code {code} matching FailJob rule"));
            }
        }
        return null;
    }

    private static JobEnd? ByIndex(JsonObject job, List<JsonObject> pods, long completions)
    {
        var lost = Range(completions).Where(i => IsLost(job, pods, i)).ToList();
        var open = Range(completions).Any(i => !lost.Contains(i) && !pods.Exists(p => HasSucceeded(p) && IndexOf(p) == i));
        return open || lost.Count == 0 ? null : new JobEnd(false, "FailedIndexes", "Job has failed indexes")
        {
            FailedIndexes = string.Join(',', lost.Select(i => i.ToString(CultureInfo.InvariantCulture))),
        };
    }

    private static bool IsLost(JsonObject job, List<JsonObject> pods, long index)
        => job.Number("spec", "backoffLimitPerIndex") is { } limit && pods.Count(p => HasFailed(p) && IndexOf(p) == index) > limit;

    private static long IndexOf(JsonObject pod)
        => long.TryParse(pod.Annotation(Index), CultureInfo.InvariantCulture, out var index) ? index : -1;

    private static IEnumerable<long> Range(long count) => Enumerable.Range(0, (int)count).Select(i => (long)i);
}
