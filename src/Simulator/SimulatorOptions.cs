using System.Text.Json.Nodes;
using Heal.Simulator.Faults;
using Heal.Simulator.Kubelet;

namespace Heal.Simulator;

/// <summary>How the simulator starts. Nothing is kept: all state is in memory and gone with the process.</summary>
public sealed record SimulatorOptions
{
    /// <summary>Where it listens; port 0 takes a free one. Loopback by default: it has no TLS.</summary>
    public string Urls { get; init; } = "http://127.0.0.1:0";

    /// <summary>Divides every wait of the simulated cluster. 1: real time; at most 100000.</summary>
    public double Speed { get; init; } = 1;

    /// <summary>When given, requests need it as a bearer token.</summary>
    public string? Token { get; init; }

    /// <summary>Names of the nodes, all alike: 8 CPUs, 32Gi, 110 pods.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = ["node-1", "node-2", "node-3"];

    /// <summary>
    /// Images that the registry has, as globs. Any other is ErrImagePull. Those of a host that begins with "private." are given only to
    /// pods with a pull secret for the host, user "puller" and password "valid".
    /// </summary>
    public IReadOnlyList<string> Images { get; init; } =
        ["registry.example/*:1.*", "private.example/*:1.*", "nginx:1.*", "nginx", "busybox:1.*", "busybox"];

    /// <summary>Faults in force from the start.</summary>
    public IReadOnlyList<FaultDescription> Faults { get; init; } = [];

    /// <summary>Objects created at the start, in this order, by their apiVersion and kind; a missing namespace is made.</summary>
    public IReadOnlyList<JsonObject> Objects { get; init; } = [];

    /// <summary>How long the simulated kubelets take for each step.</summary>
    public KubeletTimes Times { get; init; } = new();

    /// <summary>Changes that are remembered for watches.</summary>
    public int HistoryLimit { get; init; } = 4096;

    /// <summary>Seeds names and uids; null: another one at each start.</summary>
    public int? RandomSeed { get; init; }

    /// <summary>The clock of the simulated cluster.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    internal void Validate()
    {
        var problems = new List<string>();
        if (!(Speed is > 0 and <= 100_000))
            problems.Add($"Speed: expected above 0 and at most 100000, got {Speed}");
        if (HistoryLimit < 1)
            problems.Add($"HistoryLimit: expected 1 or more, got {HistoryLimit}");
        if (!Uri.TryCreate(Urls, UriKind.Absolute, out var uri) || uri.Scheme != "http")
            problems.Add($"Urls: expected one address such as http://127.0.0.1:8001, got '{Urls}'");
        problems.AddRange(Faults.Select(f => f.Problem()).OfType<string>().Select(p => $"Faults: {p}"));
        if (problems.Count > 0)
            throw new SimulatorOptionsException($"The simulator cannot start: {string.Join("; ", problems)}");
    }
}

/// <summary>The options are wrong; the message names each fault, what was expected and what was given.</summary>
public sealed class SimulatorOptionsException(string message) : Exception(message);
