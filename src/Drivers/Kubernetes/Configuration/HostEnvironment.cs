namespace Heal.Drivers.Kubernetes.Configuration;

/// <summary>What configuration reads of the machine, so that tests can give it another one.</summary>
internal sealed record HostEnvironment(Func<string, string?> Variable, string HomeFolder, string ServiceAccountFolder)
{
    public static HostEnvironment Real { get; } = new(
        Environment.GetEnvironmentVariable,
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile),
        "/var/run/secrets/kubernetes.io/serviceaccount");
}
