using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>
/// Settings of where remedies take objects from, section <c>Heal:Sources</c>; read at start. Settings and no parameters of actions: whoever
/// may edit a plan must not choose where Secrets and rights are copied from.
/// </summary>
public sealed class SourceOptions
{
    public const string Section = "Heal:Sources";

    /// <summary>The namespace whose pull secrets are the true ones. Default: none, and no pull secret is refreshed.</summary>
    public string PullSecretNamespace { get; set; } = "";

    /// <summary>The key in <see cref="Git"/> for namespaces without an entry of their own.</summary>
    public const string AnyNamespace = "*";

    /// <summary>By namespace: the repository whose files say what belongs there. Default: none, and nothing is restored from Git.</summary>
    public Dictionary<string, GitSourceSettings> Git { get; set; } = new(StringComparer.Ordinal);
}

/// <summary>Where the manifests of a namespace are kept.</summary>
public sealed class GitSourceSettings
{
    private const string Placeholder = "{namespace}";

    /// <summary>https, ssh or a local path. Credentials are git's own (helper, ssh agent), never part of this.</summary>
    public string Remote { get; set; } = "";

    /// <summary>Default "main".</summary>
    public string Branch { get; set; } = "main";

    /// <summary>The folder or file; {namespace} stands for the namespace. Default: the whole repository.</summary>
    public string Path { get; set; } = "";

    internal string PathOf(string ns) => Path.Replace(Placeholder, ns, StringComparison.Ordinal);
}

/// <summary>All faults of the settings together, at start.</summary>
internal sealed class SourceOptionsValidator : IValidateOptions<SourceOptions>
{
    private const int LongestName = 63;

    public ValidateOptionsResult Validate(string? name, SourceOptions options)
    {
        var faults = new List<string>();
        if (options.PullSecretNamespace is { Length: > 0 } ns && !IsNamespace(ns))
        {
            faults.Add($"{SourceOptions.Section}:PullSecretNamespace: expected the name of a namespace, got '{ns}'.");
        }

        foreach (var (key, git) in options.Git)
        {
            Plain(key, nameof(git.Remote), git.Remote, required: true);
            Plain(key, nameof(git.Branch), git.Branch, required: true);
            Plain(key, nameof(git.Path), git.Path, required: false);
            if (Uri.TryCreate(git.Remote, UriKind.Absolute, out var url) && url.UserInfo.Contains(':', StringComparison.Ordinal))
            {
                faults.Add($"{SourceOptions.Section}:Git:{key}:Remote: expected no password in it; give git a credential helper.");
            }
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);

        void Plain(string key, string setting, string value, bool required)
        {
            if ((value.Length > 0 || !required) && IsPlain(value)) return;
            faults.Add($"{SourceOptions.Section}:Git:{key}:{setting}: expected a plain value, got '{value}'.");
        }
    }

    // No values that git would read as options, or as a way to run something.
    private static bool IsPlain(string value) =>
        !value.StartsWith('-') && !value.Contains("::", StringComparison.Ordinal) && !value.Any(char.IsControl);

    private static bool IsNamespace(string name) =>
        name.Length <= LongestName && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
}
