using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities.Tests;

/// <summary>
/// A process whose clock is wrong: it looks at the cluster, its clock is put right under it, and it looks again with the same client.
/// </summary>
internal sealed record WrongClock(ClusterAddress Cluster)
{
    private const string Then = " -- then: ";

    /// <summary>Starts the process, and waits for its end.</summary>
    /// <returns>What it saw before and after.</returns>
    public async Task<(string Before, string After)> LookAsync(TimeSpan wrongBy)
    {
        using var clock = new FakeClock();
        clock.Set((int)wrongBy.TotalSeconds);
        var command = (string[])["env", .. clock.Environment.Select(variable => $"{variable.Key}={variable.Value}")];
        var said = (await DoomedProcess.SaysAsync(nameof(WrongClock), this, command)).Split(Then);
        return (said[0], said[1]);
    }

    /// <summary>The process's own side.</summary>
    public static async Task RunAsync()
    {
        using var client = DoomedProcess.Given<WrongClock>().Cluster.Connect(options => options.MaxAttempts = 1);
        var before = await SeeAsync(client);
        FakeClock.SetRight();
        Console.WriteLine($"{before}{Then}{await SeeAsync(client)}");
    }

    private static async Task<string> SeeAsync(KubernetesClient client)
    {
        try
        {
            var space = await client.GetAsync<Namespace>(null, "default");
            return $"{space.Metadata.Name} is there";
        }
        catch (Exception refused) when (refused is KubernetesApiException or KubernetesUnreachableException)
        {
            return refused.Message.ReplaceLineEndings(" ");
        }
    }
}
