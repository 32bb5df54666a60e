// Usage: Heal.Bench.Kubernetes [--quick] [--kubeconfig FILE] [--pods N] [--deployments N] [--rate N] [--seconds N]
//   [--bundles N] [--only evidence] [--json FILE]
// Without a kubeconfig a simulator is started as a process of its own, so that its memory and time are not the client's.
using System.Globalization;
using Heal.Bench.Kubernetes;
using Heal.Bench.Kubernetes.Load;

if (args is ["child", "simulator", var podCount, var deploymentCount])
    return await SimulatorChild.RunAsync(Number(podCount), Number(deploymentCount));
if (args is ["child", "changes", var target, var kubeconfig, var rate, var count, var pods])
    return await Changes.RunAsync(target, kubeconfig, Number(rate), Number(count), Number(pods));

var settings = Settings.Default;
string? json = null;
for (var i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--quick":
            settings = settings with { Pods = 500, Deployments = 50, Seconds = 3, Bundles = 5 };
            break;
        case "--kubeconfig" when i + 1 < args.Length:
            settings = settings with { Kubeconfig = Path.GetFullPath(args[++i]) };
            break;
        case "--pods" when i + 1 < args.Length:
            settings = settings with { Pods = Number(args[++i]) };
            break;
        case "--deployments" when i + 1 < args.Length:
            settings = settings with { Deployments = Number(args[++i]) };
            break;
        case "--rate" when i + 1 < args.Length:
            settings = settings with { Rate = Number(args[++i]) };
            break;
        case "--seconds" when i + 1 < args.Length:
            settings = settings with { Seconds = Number(args[++i]) };
            break;
        case "--bundles" when i + 1 < args.Length:
            settings = settings with { Bundles = Number(args[++i]) };
            break;
        case "--only" when i + 1 < args.Length && args[i + 1] == "evidence":
            settings = settings with { EvidenceOnly = true };
            i++;
            break;
        case "--json" when i + 1 < args.Length:
            json = args[++i];
            break;
        default:
            Console.Error.WriteLine($"Unknown option '{args[i]}'. Known: --quick, --kubeconfig FILE, --pods N, --deployments N, --rate N, "
                + "--seconds N, --bundles N, --only evidence, --json FILE.");
            return 2;
    }
}

var report = new Report(settings);
await Benchmark.RunAsync(settings, report);
if (json is not null)
    await report.SaveAsync(json);
return 0;

static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
