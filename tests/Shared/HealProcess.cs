namespace Heal.Shared.Tests;

/// <summary>Heal's own function app as a process, with keys that the tests know.</summary>
internal sealed class HealProcess : AppProcess
{
    public const string FunctionKey = "end-to-end-function-key-0123456789";
    public const string MasterKey = "end-to-end-master-key-0123456789";

    public HealProcess(IReadOnlyDictionary<string, string> settings)
        : base(Path.Combine(AppContext.BaseDirectory, "Heal.Functions.dll"), WithKeys(settings)) =>
        Http.DefaultRequestHeaders.Add("x-functions-key", FunctionKey);

    private static Dictionary<string, string> WithKeys(IReadOnlyDictionary<string, string> settings) =>
        new(settings, StringComparer.Ordinal)
        {
            ["AzureFunctionsKeys__master"] = MasterKey,
            ["AzureFunctionsKeys__host__test"] = FunctionKey,
        };
}
