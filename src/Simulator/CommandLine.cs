using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Heal.Simulator.Faults;
using Heal.Simulator.Objects;
using YamlDotNet.Core;

namespace Heal.Simulator;

/// <summary>The program's arguments. A wrong one is a <see cref="CommandLineException"/> that says what was expected.</summary>
internal sealed record CommandLine(SimulatorOptions Options, string? KubeconfigPath, bool Help)
{
    public const string Usage = """
        Heal.Simulator: a Kubernetes-shaped API server with controllers and faults, in one process. State is in memory only.

          --urls URL               where to listen (default http://127.0.0.1:8001)
          --seed demo              start with namespace demo and three healthy Deployments
          --manifest FILE          start with these objects too (YAML or JSON; may be repeated)
          --faults FILE            faults from the start: a JSON array, as for POST /simulator/faults
          --image GLOB             an image that exists in the registry (may be repeated; replaces the default list)
          --node NAME              a node (may be repeated; default node-1 node-2 node-3)
          --speed N                divide every wait of the simulated cluster by N (default 1)
          --token TEXT             require this bearer token
          --write-kubeconfig PATH  write a kubeconfig for kubectl
          --help                   this text

        Ctrl-C ends it.
        """;

    public static CommandLine Parse(IReadOnlyList<string> arguments)
    {
        var options = new SimulatorOptions { Urls = "http://127.0.0.1:8001" };
        var (images, nodes, objects, faults) =
            (new List<string>(), new List<string>(), new List<JsonObject>(), new List<FaultDescription>());
        string? kubeconfig = null;
        for (var i = 0; i < arguments.Count; i++)
        {
            var name = arguments[i];
            if (name is "--help" or "-h")
                return new CommandLine(options, null, Help: true);
            string Value() => ++i < arguments.Count
                ? arguments[i]
                : throw new CommandLineException($"{name}: expected a value, got the end of the line");
            switch (name)
            {
                case "--urls": options = options with { Urls = Value() }; break;
                case "--token": options = options with { Token = Value() }; break;
                case "--speed": options = options with { Speed = Number(name, Value()) }; break;
                case "--image": images.Add(Value()); break;
                case "--node": nodes.Add(Value()); break;
                case "--manifest": objects.AddRange(Manifest(Value())); break;
                case "--faults": faults.AddRange(Faults(Value())); break;
                case "--write-kubeconfig": kubeconfig = Value(); break;
                case "--seed":
                    if (Value() is var seed && seed != "demo")
                        throw new CommandLineException($"--seed: expected demo, got '{seed}'");
                    objects.AddRange(DemoSeed.Objects);
                    faults.AddRange(DemoSeed.Faults);
                    break;
                default: throw new CommandLineException($"unknown argument '{name}'; --help lists what there is");
            }
        }
        options = options with
        {
            Objects = objects,
            Faults = faults,
            Images = images.Count > 0 ? images : options.Images,
            Nodes = nodes.Count > 0 ? nodes : options.Nodes,
        };
        return new CommandLine(options, kubeconfig, Help: false);
    }

    private static double Number(string name, string text)
        => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var n) ? n
            : throw new CommandLineException($"{name}: expected a number, got '{text}'");

    private static List<JsonObject> Manifest(string path) => Read("--manifest", path, text =>
    {
        var found = new List<JsonObject>();
        foreach (var document in Yaml.ParseAll(text).OfType<JsonObject>())
            found.AddRange(document.Text("kind") == "List" ? document.Items("items").Select(i => i.Copy()) : [document]);
        return found;
    });

    private static List<FaultDescription> Faults(string path)
        => Read("--faults", path, text => JsonSerializer.Deserialize<List<FaultDescription>>(text, FaultDescription.JsonOptions) ?? []);

    private static T Read<T>(string name, string path, Func<string, T> parse)
    {
        try
        {
            return parse(File.ReadAllText(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or YamlException)
        {
            throw new CommandLineException($"{name} {path}: {e.Message}");
        }
    }
}

/// <summary>A wrong argument; the message is for the person at the terminal.</summary>
internal sealed class CommandLineException(string message) : Exception(message);
