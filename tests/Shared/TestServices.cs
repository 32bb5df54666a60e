namespace Heal.Shared.Tests;

/// <summary>What a test needs of its surroundings, by environment variable. A missing one fails the test and says what to do.</summary>
internal static class TestServices
{
    public const string Postgres = "HEAL_TEST_POSTGRES";
    public const string Azurite = "HEAL_TEST_AZURITE";
    public const string AzuriteHome = "HEAL_TEST_AZURITE_HOME";
    public const string Kubeconfig = "HEAL_TEST_KUBECONFIG";

    public static string Required(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value
            ? value
            : throw new InvalidOperationException(name == Kubeconfig
                ? $"{name} is not set: expected the kubeconfig of a real cluster. Run ./test.sh --cluster, or `eng/kube/up.sh` and set it."
                : $"{name} is not set. Run ./test.sh, or `eng/services.sh up` and load the file env that it writes.");
}
