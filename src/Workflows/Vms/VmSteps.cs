using Heal.Activities;
using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Workflows;

/// <summary>What the orchestrations of machines share: steps with their progress, and how a guest is made to stop. Deterministic.</summary>
internal sealed class VmSteps(TaskOrchestrationContext context, string work, string? host)
{
    /// <summary>Between two looks at a guest that shuts down.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    /// <summary>A guest that boots does not hear: it is asked again.</summary>
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(20);

    private string? _host = host;

    public string? Host
    {
        get => _host;
        set => _host = value;
    }

    public void Tell(string step) => context.SetCustomStatus(new VmProgress(work, _host, step));

    /// <summary>Null when the step is done, else why not.</summary>
    public async Task<string?> DoAsync(string step, Task<VmStep> call)
    {
        Tell(step);
        try
        {
            var result = await call;
            return result.Done ? null : $"{step}: {result.Detail}";
        }
        catch (TaskFailedException e)
        {
            return $"{step}: failed to the end of its retries: {SafeText.Line(e.FailureDetails.ErrorMessage, 300)}";
        }
    }

    /// <summary>Asks the guest to power off and waits until it has, or its time is up; then ends it, when that is allowed.</summary>
    /// <returns>Null when it is off, else why not.</returns>
    public async Task<string?> StopAsync(VmTarget target, int graceSeconds, bool force)
    {
        var until = context.CurrentUtcDateTime + TimeSpan.FromSeconds(graceSeconds);
        var askAt = context.CurrentUtcDateTime;
        Tell("shut down");
        while (true)
        {
            var seen = await context.CallLookAtVmAsync(target, VmRetries.Forward);
            if (!seen.IsActive) return null;
            var now = context.CurrentUtcDateTime;

            // a guest that is paused or has crashed cannot hear: no use in waiting
            if (now >= until || (force && !seen.IsRunning)) break;
            if (now >= askAt)
            {
                if (await DoAsync("shut down", context.CallAskVmShutdownAsync(target, VmRetries.Forward)) is { } refused && !force)
                {
                    return refused;
                }

                askAt = now + AskAgainAfter;
            }

            await context.CreateTimer(LookEvery, CancellationToken.None);
        }

        return force
            ? await DoAsync("destroy", context.CallDestroyVmAsync(target, VmRetries.Forward))
            : $"the guest did not shut down within {graceSeconds} s";
    }

    public VmOutcome End(
        VmOutcomeKind kind, string detail, IReadOnlyList<VmFault>? objections = null, IReadOnlyList<string>? warnings = null,
        IReadOnlyList<string>? leftBehind = null) =>
        new(kind, _host, detail, objections ?? [], warnings ?? [], leftBehind ?? []);
}
