using System.Text.Json.Nodes;
using Heal.Simulator.Controllers;
using Heal.Simulator.Faults;
using Heal.Simulator.Objects;
using Heal.Simulator.Storage;

namespace Heal.Simulator.Kubelet;

/// <summary>Takes one container through its life, one due step at a time, and writes the Events that a kubelet writes on the way.</summary>
internal sealed class ContainerRunner(
    Registry registry, EventRecorder events, FaultBook faults, IReadOnlyList<string> images, KubeletTimes times)
{
    private const string Component = "kubelet";

    private readonly SimulatorClock _clock = registry.Clock;

    /// <summary>The containers of a pod that is over go with it.</summary>
    public void EndSidecar(ContainerState state)
    {
        if (state.Stage == ContainerStage.Done)
            return;
        End(state, new CrashEffect(0));
        (state.Stage, state.Due) = (ContainerStage.Done, null);
    }

    public void Step(JsonObject pod, JsonObject container, ContainerState state)
    {
        while (state.Due is { } due && due <= _clock.Now)
        {
            state.Due = null;
            switch (state.Stage)
            {
                case ContainerStage.Mounting: Mount(pod, container, state); break;
                case ContainerStage.Pulling: FinishPull(pod, container, state); break;
                case ContainerStage.PullFailed: BackOffPull(pod, container, state); break;
                case ContainerStage.PullBackOff: Pull(pod, container, state); break;
                case ContainerStage.Configuring: Start(pod, container, state); break;
                case ContainerStage.Running: Live(pod, container, state); break;
                case ContainerStage.Ended: AfterEnd(pod, state); break;
                case ContainerStage.CrashBackOff: Pull(pod, container, state); break;
                default: break;
            }
        }
    }

    /// <summary>Looks at a running container again because the faults in force have changed.</summary>
    public void Rejudge(JsonObject pod, JsonObject container, ContainerState state)
    {
        if (state.Stage != ContainerStage.Running)
            return;
        var fate = ContainerFate.Judge(pod, container, ContainerInputs.Of(registry.Store, pod, container), faults.All());
        if (fate == state.Fate)
            return;
        state.Fate = fate;
        if (fate.NeverReady is not null)
            state.Ready = false;
        Wait(state, fate.Crash?.AfterSeconds ?? (fate.NeverReady is null ? times.ReadySeconds : 0));
    }

    private void Mount(JsonObject pod, JsonObject container, ContainerState state)
    {
        if (ContainerInputs.Of(registry.Store, pod, container).MissingMount is { } missing)
        {
            events.Warning(pod, Component, "FailedMount", $"MountVolume.SetUp failed for volume \"{missing.Volume}\" : {missing.Reason}");
            Wait(state, times.RetrySeconds);
            return;
        }
        Pull(pod, container, state);
    }

    private void Pull(JsonObject pod, JsonObject container, ContainerState state)
    {
        var image = container.Text("image") ?? "";
        var present = state.HasStarted && container.Text("imagePullPolicy") == "IfNotPresent";
        if (!present)
            events.Normal(pod, Component, "Pulling", $"Pulling image \"{image}\"", FieldPath(state));
        state.Stage = ContainerStage.Pulling;
        if (state.PullBackOffs == 0 && !state.HasStarted)
        {
            var waitsForInit = pod.Items("spec", "initContainers").Any() && !state.IsInit;
            (state.WaitingReason, state.WaitingMessage) = (waitsForInit ? "PodInitializing" : "ContainerCreating", null);
        }
        Wait(state, present ? 0 : times.PullSeconds);
    }

    private void FinishPull(JsonObject pod, JsonObject container, ContainerState state)
    {
        var image = container.Text("image") ?? "";
        var denied = PullCredentials.Objection(registry.Store, pod, image);
        if (denied is null && images.Any(known => Glob.Matches(known, image)))
        {
            var seconds = times.PullSeconds.ToString("0.###", System.Globalization.CultureInfo.InvariantCulture);
            var text = state.HasStarted && container.Text("imagePullPolicy") == "IfNotPresent"
                ? $"Container image \"{image}\" already present on machine"
                : $"Successfully pulled image \"{image}\" in {seconds}s ({seconds}s including waiting)";
            events.Normal(pod, Component, "Pulled", text, FieldPath(state));
            state.PullBackOffs = 0;
            Start(pod, container, state);
            return;
        }
        var full = FullName(image);
        var message = $"Failed to pull image \"{image}\": rpc error: code = NotFound desc = failed to pull and unpack image \"{full}\": "
            + $"failed to resolve reference \"{full}\": {denied ?? $"{full}: not found"}";
        events.Warning(pod, Component, "Failed", message, FieldPath(state));
        events.Warning(pod, Component, "Failed", "Error: ErrImagePull", FieldPath(state));
        (state.Stage, state.WaitingReason) = (ContainerStage.PullFailed, "ErrImagePull");
        state.WaitingMessage = state.PullError = message[(message.IndexOf("rpc error", StringComparison.Ordinal))..];
        Wait(state, 1);
    }

    private void BackOffPull(JsonObject pod, JsonObject container, ContainerState state)
    {
        var image = container.Text("image") ?? "";
        events.Normal(pod, Component, "BackOff", $"Back-off pulling image \"{image}\"", FieldPath(state));
        events.Warning(pod, Component, "Failed", "Error: ImagePullBackOff", FieldPath(state));
        (state.Stage, state.WaitingReason, state.WaitingMessage) =
            (ContainerStage.PullBackOff, "ImagePullBackOff", $"Back-off pulling image \"{image}\": ErrImagePull: {state.PullError}");
        Wait(state, BackOff(state.PullBackOffs++));
    }

    private void Start(JsonObject pod, JsonObject container, ContainerState state)
    {
        var inputs = ContainerInputs.Of(registry.Store, pod, container);
        if (inputs.MissingEnvironment is { } missing)
        {
            events.Warning(pod, Component, "Failed", $"Error: {missing}", FieldPath(state));
            (state.Stage, state.WaitingReason, state.WaitingMessage) = (ContainerStage.Configuring, "CreateContainerConfigError", missing);
            Wait(state, times.RetrySeconds);
            return;
        }
        if (state.HasStarted)
        {
            state.Restarts++;
            state.LastEnded = state.Ended;
        }
        state.StartLog();
        state.HasStarted = true;
        (state.Stage, state.StartedAt, state.Ended, state.Ready) = (ContainerStage.Running, _clock.Now, null, false);
        state.Id = $"containerd://{registry.Names.Suffix(32)}";
        state.Fate = ContainerFate.Judge(pod, container, inputs, faults.All());
        state.Print($"{state.Name} starting, image {container.Text("image")}");
        events.Normal(pod, Component, "Created", $"Created container: {state.Name}", FieldPath(state));
        events.Normal(pod, Component, "Started", $"Started container {state.Name}", FieldPath(state));
        Wait(state, state.Fate.Crash?.AfterSeconds ?? ReadyAfter(container, state));
    }

    private double ReadyAfter(JsonObject container, ContainerState state)
        => state.IsStep ? times.ReadySeconds : times.ReadySeconds + (container.Number("readinessProbe", "initialDelaySeconds") ?? 0);

    private void Live(JsonObject pod, JsonObject container, ContainerState state)
    {
        if (state.Fate.Crash is { } crash)
            End(state, crash);
        else if (state.IsStep)
            End(state, new CrashEffect(0));
        else if (state.Fate.NeverReady is { } why)
        {
            events.Warning(pod, Component, "Unhealthy", $"Readiness probe failed: {why}", FieldPath(state));
            Wait(state, container.Number("readinessProbe", "periodSeconds") ?? 10);
        }
        else if (!state.Ready)
        {
            state.Ready = true;
            state.Print($"{state.Name} ready");
        }
    }

    private void End(ContainerState state, CrashEffect crash)
    {
        state.Print(crash.Log);
        state.Ready = false;
        state.Stage = ContainerStage.Ended;
        state.Ended = new JsonObject
        {
            ["exitCode"] = crash.ExitCode,
            ["reason"] = crash.Reason ?? (crash.ExitCode == 0 ? "Completed" : "Error"),
            ["startedAt"] = state.StartedAt.Timestamp(),
            ["finishedAt"] = _clock.Timestamp(),
            ["containerID"] = state.Id,
        };
        if (_clock.Now - state.StartedAt > _clock.ScaleSeconds(times.BackOffResetSeconds))
            state.BackOffs = 0;
        Wait(state, 1);
    }

    private void AfterEnd(JsonObject pod, ContainerState state)
    {
        var policy = state.IsSidecar ? "Always" : pod.Text("spec", "restartPolicy") ?? "Always";
        var succeeded = state.Ended.Number("exitCode") == 0;
        if (succeeded ? policy != "Always" || state.IsStep : policy == "Never")
        {
            state.Stage = ContainerStage.Done;
            state.Ready = state.IsInit && succeeded;
            return;
        }
        state.Stage = ContainerStage.CrashBackOff;
        // The first restart is at once, as on a real node; only a second end within a while makes it a loop.
        if (state.BackOffs++ == 0)
        {
            state.Stage = ContainerStage.Ended;
            Pull(pod, pod.Items("spec", state.IsInit ? "initContainers" : "containers").First(c => c.Text("name") == state.Name), state);
            return;
        }
        var wait = BackOff(state.BackOffs - 2);
        var id = $"{pod.Name()}_{pod.Namespace()}({pod.Uid()})";
        state.WaitingReason = "CrashLoopBackOff";
        state.WaitingMessage = $"back-off {Duration(wait)} restarting failed container={state.Name} pod={id}";
        events.Warning(pod, Component, "BackOff", $"Back-off restarting failed container {state.Name} in pod {id}", FieldPath(state));
        Wait(state, wait);
    }

    private double BackOff(int number) => Math.Min(times.BackOffLimitSeconds, times.BackOffSeconds * Math.Pow(2, Math.Min(number, 20)));

    private void Wait(ContainerState state, double seconds) => state.Due = _clock.Now + _clock.ScaleSeconds(seconds);

    private static string Duration(double seconds)
    {
        var span = TimeSpan.FromSeconds(seconds);
        return span.TotalMinutes >= 1 ? $"{(int)span.TotalMinutes}m{span.Seconds}s" : $"{span.TotalSeconds:0.###}s";
    }

    private static string FullName(string image)
    {
        if (image.Split('/')[0] is var first && image.Contains('/') && (first.Contains('.') || first.Contains(':') || first == "localhost"))
            return image;
        return image.Contains('/') ? $"docker.io/{image}" : $"docker.io/library/{image}";
    }

    private static string FieldPath(ContainerState state) => $"spec.{(state.IsInit ? "initContainers" : "containers")}{{{state.Name}}}";
}
