using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>A file of a repository, at one commit. Plain YAML or JSON: what templates or encryption make of it is not known here.</summary>
internal sealed record GitManifest(string Remote, string Branch, string Commit, string File) : ManifestSource
{
    /// <summary>Files that may hold the name of the object, at most.</summary>
    public const int MaxFiles = 100;

    private const int NoMatch = 1;

    /// <summary>The object as the head of the branch has it.</summary>
    /// <exception cref="GitException">The repository cannot be read.</exception>
    public static async Task<(ManifestSource Source, JsonObject Manifest)?> FindAsync(
        ActionTools tools, ObjectAddress address, CancellationToken cancellationToken)
    {
        var settings = tools.Ports.Sources.Git;
        if (!settings.TryGetValue(address.Namespace!, out var git)
            && !settings.TryGetValue(SourceOptions.AnyNamespace, out git)) return null;

        await using var clone = await GitClone.OpenAsync(git.Remote, git.Branch, cancellationToken);
        var commit = (await clone.RunAsync(["rev-parse", "HEAD"], cancellationToken)).Trim();
        string[] where = git.Path.Length == 0 ? [] : [git.PathOf(address.Namespace!)];
        var names = await clone.RunAsync(
            ["grep", "-l", "-z", "--fixed-strings", "-e", address.Name, "--", .. where], cancellationToken, NoMatch);
        foreach (var file in names.Split('\0', StringSplitOptions.RemoveEmptyEntries).Where(IsManifest).Take(MaxFiles))
        {
            if (Find(await clone.RunAsync(["show", $"{commit}:{file}"], cancellationToken), address) is not { } manifest) continue;
            return (new GitManifest(git.Remote, git.Branch, commit, file), manifest);
        }

        return null;
    }

    public override async Task<JsonObject?> ReadAsync(ActionTools tools, ObjectAddress address, CancellationToken cancellationToken)
    {
        await using var clone = await GitClone.OpenAsync(Remote, Branch, cancellationToken);
        return Find(await clone.RunAsync(["show", $"{Commit}:{File}"], cancellationToken), address);
    }

    public override string Describe() =>
        $"{SafeText.Line(File, 200)} at commit {Commit[..12]} of {SafeText.Line(Scrubber.Scrub(Remote), 200)}";

    private static bool IsManifest(string file) => Path.GetExtension(file) is ".yaml" or ".yml" or ".json";
}
