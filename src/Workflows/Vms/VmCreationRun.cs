using Heal.Activities;
using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Workflows;

/// <summary>The course of one creation. Deterministic.</summary>
internal sealed class VmCreationRun(TaskOrchestrationContext context, VmCreation creation)
{
    /// <summary>Looks for a host that does not answer: five minutes' worth.</summary>
    private const int Checks = 10;

    /// <summary>Looks at an agent that has not answered yet: five minutes' worth.</summary>
    private const int AgentLooks = 60;

    /// <summary>Times that the undoing is looked after: a call that timed out may take effect late.</summary>
    private const int UndoRounds = 5;

    private static readonly TimeSpan CheckAgainAfter = TimeSpan.FromSeconds(30);

    /// <summary>A machine that is up for so long did not fall over its own definition.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(5);

    private readonly VmBlueprint _vm = creation.Blueprint;
    private readonly VmSteps _steps = new(context, "create", null);
    private VmCheck _check = null!;

    public async Task<VmOutcome> RunAsync()
    {
        if (await CheckAsync() is { } ended) return ended;
        if (await MakeAsync() is not { } failure)
        {
            var done = _check.Decision.Existing ? "it was there, and is as defined now" : "made";
            return _steps.End(VmOutcomeKind.Created, $"{done}, on host '{_steps.Host}'", warnings: Warnings);
        }

        var left = await UndoAsync();
        return left.Count == 0
            ? _steps.End(VmOutcomeKind.RolledBack, $"{failure}; what was made is gone again", warnings: Warnings)
            : _steps.End(VmOutcomeKind.LeftBehind, $"{failure}; not everything could be taken away", warnings: Warnings, leftBehind: left);
    }

    private IReadOnlyList<string> Warnings => [.. creation.Warnings, .. _check.Decision.Warnings];

    private VmTarget Target => new(_steps.Host!, _vm.Id);

    private async Task<VmOutcome?> CheckAsync()
    {
        for (var attempt = 1; ; attempt++)
        {
            _steps.Tell("check");
            try
            {
                _check = await context.CallCheckVmAsync(_vm, VmRetries.Forward);
            }
            catch (TaskFailedException e)
            {
                return _steps.End(VmOutcomeKind.Failed, $"check: {SafeText.Line(e.FailureDetails.ErrorMessage, 300)}");
            }

            var decision = _check.Decision;
            _steps.Host = decision.Host;
            if (decision.AsWished && decision.Objections.Count == 0)
            {
                return _steps.End(VmOutcomeKind.AlreadyThere, "it is there as defined", warnings: Warnings);
            }

            if (decision.Host is not null && decision.Objections.Count == 0) return null;
            if (!decision.MayPass || attempt >= Checks)
            {
                var count = decision.Objections.Count == 1 ? "one objection" : $"{decision.Objections.Count} objections";
                return _steps.End(VmOutcomeKind.Refused, count, decision.Objections, Warnings);
            }

            await context.CreateTimer(CheckAgainAfter, CancellationToken.None);
        }
    }

    // Null when all is done, else what failed.
    private async Task<string?> MakeAsync()
    {
        if (!_check.Decision.Existing && await MakePartsAsync() is { } failure) return failure;
        if (_vm.Desired == VmDesired.Running)
        {
            failure = await _steps.DoAsync("start", context.CallStartVmAsync(Target, VmRetries.Forward));
            if (failure is not null) return failure;
        }

        // A failed start of a machine that was there before undoes nothing, and its wish stays as it was.
        failure = await ValidateAsync();
        return failure ?? await _steps.DoAsync("wish", context.CallWriteVmWishAsync(
            new VmWish(_steps.Host!, _vm.Id, _vm.Desired, _vm.Autonomy, _vm.Autostart), VmRetries.Forward));
    }

    private async Task<string?> MakePartsAsync()
    {
        var host = _steps.Host!;
        foreach (var volume in _vm.NewVolumes)
        {
            var failure = await _steps.DoAsync(
                volume.CopyOf is null ? $"volume {volume.Name}" : $"copy {volume.CopyOf.Volume} to {volume.Name}",
                context.CallMakeVmVolumeAsync(
                    new VmVolumeRequest(host, _vm.Id, volume), volume.CopyOf is null ? VmRetries.Forward : VmRetries.Copy));
            if (failure is not null) return failure;
        }

        if (_vm.Seed is not null
            && await _steps.DoAsync("seed", context.CallFillVmSeedAsync(new VmOrder(host, _vm), VmRetries.Forward)) is { } unfilled)
        {
            return unfilled;
        }

        foreach (var network in _check.IdleNetworks)
        {
            var request = new VmNetworkRequest(host, _vm.Id, network);
            var failure = await _steps.DoAsync($"network {network}", context.CallStartVmNetworkAsync(request, VmRetries.Forward));
            if (failure is not null) return failure;
        }

        return await _steps.DoAsync("define", context.CallDefineVmAsync(new VmOrder(host, _vm), VmRetries.Forward));
    }

    private async Task<string?> ValidateAsync()
    {
        _steps.Tell("validate");
        try
        {
            var first = await context.CallLookAtVmAsync(Target, VmRetries.Forward);
            if (Fault(first) is { } early) return early;
            if (_vm.Desired != VmDesired.Running) return null;

            await context.CreateTimer(Settle, CancellationToken.None);
            for (var look = 1; ; look++)
            {
                var seen = await context.CallLookAtVmAsync(Target with { AskAgent = _vm.GuestAgent }, VmRetries.Forward);
                if (Fault(seen, first) is { } late) return late;
                if (!_vm.GuestAgent || seen.AgentAnswers == true) return null;
                if (look >= AgentLooks) return $"validate: the guest's agent has not answered in {AgentLooks * Settle.TotalSeconds:0} s";
                await context.CreateTimer(Settle, CancellationToken.None);
            }
        }
        catch (TaskFailedException e)
        {
            return $"validate: {SafeText.Line(e.FailureDetails.ErrorMessage, 300)}";
        }
    }

    private string? Fault(VmSight seen, VmSight? first = null) =>
        VmValidation.Faults(_vm, seen, first) is { Count: > 0 } faults ? $"validate: {string.Join("; ", faults)}" : null;

    // In reverse order. What was there before the first step stays.
    private async Task<IReadOnlyList<string>> UndoAsync()
    {
        if (_check.Decision.Existing) return [];
        var host = _steps.Host!;
        for (var round = 1; ; round++)
        {
            var faults = new List<string>();
            await UndoStepAsync("undo domain", context.CallRemoveVmDomainAsync(Target, VmRetries.Back), faults);
            foreach (var network in _check.IdleNetworks.Reverse())
            {
                var request = new VmNetworkRequest(host, _vm.Id, network);
                await UndoStepAsync($"undo network {network}", context.CallStopVmNetworkAsync(request, VmRetries.Back), faults);
            }

            var volumes = new VmVolumesRequest(host, _vm.Id, _check.OldVolumes);
            await UndoStepAsync("undo volumes", context.CallRemoveVmVolumesAsync(volumes, VmRetries.Back), faults);

            // Believed at the second look: a write that was on its way when the first one came is seen then.
            await context.CreateTimer(Settle, CancellationToken.None);
            var left = await LeftAsync();
            if (left.Count == 0) return [];
            if (round >= UndoRounds) return [.. left, .. faults];
        }
    }

    private async Task UndoStepAsync(string step, Task<VmStep> call, List<string> faults)
    {
        if (await _steps.DoAsync(step, call) is { } fault) faults.Add(fault);
    }

    private async Task<IReadOnlyList<string>> LeftAsync()
    {
        try
        {
            var found = await context.CallFindVmAsync(_vm.Id, VmRetries.Back);
            var left = found.Volumes.GetValueOrDefault(_steps.Host!, []).Except(_check.OldVolumes, StringComparer.Ordinal)
                .Select(volume => $"volume {volume}").ToList();
            if (found.Sight.IsOurs) left.Add($"domain {found.Sight.Name}");
            if (found.Silent.Contains(_steps.Host!)) left.Add($"whatever is on host {_steps.Host}, which does not answer");
            return left;
        }
        catch (TaskFailedException e)
        {
            return [$"not known: {SafeText.Line(e.FailureDetails.ErrorMessage, 300)}"];
        }
    }
}
