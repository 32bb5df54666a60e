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
internal sealed class ContainerState(string name, bool isInit)
{
    /// <summary>Characters of output that are kept, of the running and of the previous instance each.</summary>
    public const int LogLimit = 256 * 1024;

    private readonly StringBuilder _log = new();
    private string? _previousLog;

    public string Name { get; } = name;
    public bool IsInit { get; } = isInit;
    public ContainerStage Stage { get; set; } = ContainerStage.Mounting;

    /// <summary>When something happens to it next; null when only a change from outside matters.</summary>
    public DateTimeOffset? Due { get; set; } = DateTimeOffset.MinValue;

    public string WaitingReason { get; set; } = "ContainerCreating";
    public string? WaitingMessage { get; set; }
    public DateTimeOffset StartedAt { get; set; }
    public bool HasStarted { get; set; }
    public bool Ready { get; set; }
    public int Restarts { get; set; }
    public int BackOffs { get; set; }
    public int PullBackOffs { get; set; }
    public string Id { get; set; } = "";
    public JsonObject? Ended { get; set; }
    public JsonObject? LastEnded { get; set; }
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
        return new JsonObject
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
    }

    private JsonObject Waiting()
    {
        var waiting = new JsonObject { ["reason"] = WaitingReason };
        if (WaitingMessage is not null)
            waiting["message"] = WaitingMessage;
        return waiting;
    }
}
