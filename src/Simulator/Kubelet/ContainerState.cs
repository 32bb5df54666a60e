using System.Text;
using System.Text.Json.Nodes;
using Heal.Simulator.Objects;

namespace Heal.Simulator.Kubelet;

internal enum ContainerStage
{
    Mounting,
    Pulling,
    PullFailed,
    PullBackOff,
    Configuring,
    Running,
    Ended,
    CrashBackOff,
    Done,
}

/// <summary>What the node knows of one container.</summary>
/// <param name="isSidecar">An init container that is restarted for ever: the next one starts beside it.</param>
internal sealed class ContainerState(string name, bool isInit, bool isSidecar)
{
    /// <summary>Characters of output that are kept, of the running and of the previous instance each.</summary>
    public const int LogLimit = 256 * 1024;

    private readonly StringBuilder _log = new();
    private string? _previousLog;

    public string Name { get; } = name;
    public bool IsInit { get; } = isInit;
    public bool IsSidecar { get; } = isSidecar;

    /// <summary>It runs to its end before the next one starts.</summary>
    public bool IsStep => IsInit && !IsSidecar;

    /// <summary>Those behind it may start: a step has succeeded, a sidecar has started once.</summary>
    public bool HasPassed => IsSidecar ? HasStarted : Stage == ContainerStage.Done && Ended.Number("exitCode") == 0;

    public ContainerStage Stage { get; set; } = ContainerStage.Mounting;

    /// <summary>When something happens to it next; null when only a change from outside matters.</summary>
    public DateTimeOffset? Due { get; set; } = DateTimeOffset.MinValue;

    public string WaitingReason { get; set; } = "ContainerCreating";
    public string? WaitingMessage { get; set; }

    /// <summary>Why the last pull failed, which the wait for the next one repeats.</summary>
    public string PullError { get; set; } = "";
    public DateTimeOffset StartedAt { get; set; }
    public bool HasStarted { get; set; }
    public bool Ready { get; set; }
    public int Restarts { get; set; }
    public int BackOffs { get; set; }
    public int PullBackOffs { get; set; }
    public string Id { get; set; } = "";
    public JsonObject? Ended { get; set; }
    public JsonObject? LastEnded { get; set; }

    /// <summary>Requests and limits in force; null until it runs.</summary>
    public JsonObject? Resources { get; set; }
    public Faults.ContainerFate Fate { get; set; } = new();

    public void Print(string text)
    {
        if (text.Length == 0)
            return;
        lock (_log)
        {
            _log.Append(text.TrimEnd('\n')).Append('\n');
            if (_log.Length > LogLimit)
                _log.Remove(0, _log.Length - LogLimit);
        }
    }

    public void StartLog()
    {
        lock (_log)
        {
            if (HasStarted)
                _previousLog = _log.ToString();
            _log.Clear();
        }
    }

    /// <summary>After the container has ended its output is that of the current instance, and stays so until the next start.</summary>
    public string? Log(bool previous)
    {
        lock (_log)
            return previous ? _previousLog : HasStarted ? _log.ToString() : null;
    }

    public JsonObject ToStatus(JsonObject container)
    {
        var state = Stage switch
        {
            ContainerStage.Running => new JsonObject { ["running"] = new JsonObject { ["startedAt"] = StartedAt.Timestamp() } },
            ContainerStage.Ended or ContainerStage.Done => new JsonObject { ["terminated"] = Ended!.DeepClone() },
            _ => new JsonObject { ["waiting"] = Waiting() },
        };
        var last = Stage is ContainerStage.Ended or ContainerStage.Done ? LastEnded : Ended ?? LastEnded;
        var status = new JsonObject
        {
            ["name"] = Name,
            ["image"] = container.Text("image"),
            ["imageID"] = HasStarted ? $"sha256:{Storage.Names.Hash(container.Text("image") ?? "")}" : "",
            ["containerID"] = Id,
            ["ready"] = Ready,
            ["started"] = Stage == ContainerStage.Running,
            ["restartCount"] = Restarts,
            ["state"] = state,
            ["lastState"] = last is null ? [] : new JsonObject { ["terminated"] = last.DeepClone() },
        };
        if (Stage != ContainerStage.Running)
            return status;
        // What it runs with, which a resize that cannot be done leaves behind the specification.
        Resources ??= container.Object("resources")?.Copy() ?? [];
        status["resources"] = Resources.DeepClone();
        if (Resources["requests"] is { } requests)
            status["allocatedResources"] = requests.DeepClone();
        return status;
    }

    private JsonObject Waiting()
    {
        var waiting = new JsonObject { ["reason"] = WaitingReason };
        if (WaitingMessage is not null)
            waiting["message"] = WaitingMessage;
        return waiting;
    }
}
