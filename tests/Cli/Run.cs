namespace Heal.Cli.Tests;

/// <summary>What became of one call of <c>heal</c>.</summary>
internal sealed record Run(int ExitCode, string Output, string Errors)
{
    public const string Key = "a-key-that-nobody-may-read-0123456789";

    /// <param name="url">Null: none is given, and nobody is there.</param>
    public static Task<Run> HealAsync(string? url, params string[] arguments) => HealAsync(url, new Scene(), arguments);

    public static async Task<Run> HealAsync(string? url, Scene scene, params string[] arguments)
    {
        var output = new StringWriter();
        var errors = new StringWriter();
        var screen = new Screen(
            new StringReader(scene.Input), output, errors, scene.CanAsk, scene.Width, hasColours: scene.Colours,
            hasErrorColours: scene.Colours);
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["HEAL_URL"] = url, ["HEAL_KEY"] = scene.Key };
        int code = await HealCommand.RunAsync(
            arguments, screen, environment.GetValueOrDefault, TimeProvider.System, scene.CancellationToken);
        return new Run(code, output.ToString(), errors.ToString());
    }

    public override string ToString() => $"exit code {ExitCode}\n{Output}\n{Errors}";
}

/// <summary>Where a call is made.</summary>
internal sealed record Scene
{
    public string Input { get; init; } = "";

    public string? Key { get; init; } = Run.Key;

    public bool CanAsk { get; init; }

    public int? Width { get; init; }

    public bool Colours { get; init; }

    public CancellationToken CancellationToken { get; init; }
}
