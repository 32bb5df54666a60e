using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Reverts one commit on a branch of a remote. The new commit carries the operation's key as a trailer, and is pushed without force: when
/// somebody pushed first, the branch is looked at again. Its inverse reverts the revert.
/// </summary>
/// <param name="Commit">The full hash of the commit to revert.</param>
internal sealed record GitRevertEffect(string Remote, string Branch, string Commit) : Effect
{
    private const string Trailer = "Heal-Operation";
    private const int Sha1 = 40;
    private const int Sha256 = 64;

    // What git writes into the message of a revert.
    private string Sentence => $"This reverts commit {Commit}";

    [JsonIgnore]
    public override string Subject => $"branch {Branch} of {SafeText.Line(Scrubber.Scrub(Remote), 200)}";

    [JsonIgnore]
    public override bool IsReversible => true;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        await using var clone = await GitClone.OpenAsync(Remote, Branch, cancellationToken);
        var log = await clone.RunAsync(["log", "--format=%H%x00%(trailers:key=" + Trailer + ",valueonly,separator=%x2C)%x00%an%x00%B%x01"],
            cancellationToken);
        foreach (var entry in log.Split('\u0001', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (entry.Split('\0') is not [var hash, var operation, var author, var message]) continue;
            if (operation == key) return Look.Applied(null, new JsonObject { ["commit"] = hash }, $"as commit {hash[..12]}");
            if (message.Contains(Sentence, StringComparison.Ordinal))
            {
                return new Look(Sight.DoneByOther, $"'{SafeText.Line(author, 100)}' reverted {Commit[..12]} in {hash[..12]} meanwhile");
            }

            if (hash == Commit) return Look.NotApplied(null);
        }

        return new Look(Sight.ChangedByOther, $"commit {Commit[..12]} is not among the last {GitClone.Depth} of {Subject}");
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        await using var clone = await GitClone.OpenAsync(Remote, Branch, cancellationToken);
        var head = (await clone.RunAsync(["rev-parse", "HEAD"], cancellationToken)).Trim();
        string[] identity = ["-c", "user.name=heal", "-c", "user.email=heal@heal.internal", "-c", "commit.gpgSign=false"];
        try
        {
            await clone.RunAsync([.. identity, "revert", "--no-edit", Commit], cancellationToken);
        }
        catch (GitException e)
        {
            return WriteAnswer.Refused($"{Commit[..12]} cannot be reverted on what came after it: {e.Message}");
        }

        await clone.RunAsync([.. identity, "commit", "--quiet", "--amend", "--no-edit", "--trailer", $"{Trailer}: {key}"],
            cancellationToken);
        string[] push = ["push", "--quiet", .. dryRun ? (string[])["--dry-run"] : [], "origin", $"HEAD:refs/heads/{Branch}"];
        try
        {
            await clone.RunAsync(push, cancellationToken);
            return WriteAnswer.Taken;
        }
        catch (GitException e) when (!dryRun && !e.IsTimeout)
        {
            // Somebody was faster, and the next look tells who. A remote whose branch is as it was does not take it: a rule, a right.
            var now = await clone.RunAsync(["ls-remote", "origin", $"refs/heads/{Branch}"], cancellationToken);
            return now.StartsWith(head, StringComparison.Ordinal)
                ? WriteAnswer.Refused($"{Subject} does not take the revert of {Commit[..12]}: {e.Message}") : WriteAnswer.Taken;
        }
    }

    /// <summary>Whether a commit of the branch has the revert in it.</summary>
    /// <param name="revision">The full hash of the commit; false for anything else, and for one that the newest of the branch do not
    /// have among them.</param>
    public async Task<bool> IsInAsync(string revision, CancellationToken cancellationToken)
    {
        if (revision == Commit || !IsHash(revision)) return false;
        await using var clone = await GitClone.OpenAsync(Remote, Branch, cancellationToken);
        var known = await clone.RunAsync(["rev-list", "HEAD"], cancellationToken);
        if (!known.Split('\n').Contains(revision)) return false;
        string[] search = ["rev-list", "--fixed-strings", "--grep", Sentence, revision];
        return (await clone.RunAsync(search, cancellationToken)).Trim().Length > 0;
    }

    public override Effect? Inverse(JsonObject post) =>
        post.Text("commit") is { } made ? new GitRevertEffect(Remote, Branch, made) : null;

    public override IReadOnlyList<string> Describe() => [$"{Subject}: commit {Commit[..12]} reverted"];

    private static bool IsHash(string text) => text.Length is Sha1 or Sha256 && text.All(char.IsAsciiHexDigitLower);
}
