using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>Settings of cleaning up inside of containers, section <c>Heal:Cleanup</c>; read at start.</summary>
public sealed class CleanupOptions
{
    public const string Section = "Heal:Cleanup";

    /// <summary>Folders, as containers see them, in and below which files may be set aside. Default: none.</summary>
    public IList<string> Paths { get; } = [];

    /// <summary>Why a path must not be touched; null when it may.</summary>
    internal string? Objection(string path)
    {
        if (!IsPlain(path)) return "path: expected an absolute path of letters, digits, '.', '_' and '-'";
        return Paths.Any(allowed => path == allowed.TrimEnd('/') || path.StartsWith($"{allowed.TrimEnd('/')}/", StringComparison.Ordinal))
            ? null : $"setting {Section}:Paths does not allow '{path}'";
    }

    internal static bool IsPlain(string path) =>
        path.Length > 1 && path.StartsWith('/') && !path.EndsWith('/')
        && path.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-')
        && path[1..].Split('/').All(part => part is not ("" or "." or ".."));
}

/// <summary>All faults of the settings together, at start.</summary>
internal sealed class CleanupOptionsValidator : IValidateOptions<CleanupOptions>
{
    public ValidateOptionsResult Validate(string? name, CleanupOptions options)
    {
        var faults = options.Paths.Where(path => !CleanupOptions.IsPlain(path.TrimEnd('/')))
            .Select(path => $"{CleanupOptions.Section}:Paths: expected absolute paths, not the root, got '{path}'.").ToList();
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
