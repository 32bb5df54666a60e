using Heal.Simulator;

namespace Heal.Bench.Kubernetes.Load;

/// <summary>A simulator in a process of its own: prints its address, lives until its input ends.</summary>
internal static class SimulatorChild
{
    public static async Task<int> RunAsync(int pods, int deployments)
    {
        await using var server = await SimulatorServer.StartAsync(new SimulatorOptions
        {
            // There from the start, before its controllers look: they are not what is measured.
            Objects =
            [
                .. Enumerable.Range(0, deployments).Select(Objects.Deployment),
                .. Enumerable.Range(0, pods).Select(number => Objects.Pod(number, isSimulated: true)),
            ],
        });
        Console.WriteLine(server.Url);
        while (await Console.In.ReadLineAsync() is not null)
        {
            // Nothing is said to it; the end is.
        }

        return 0;
    }
}
