using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Heal.Activities;

/// <summary>
/// Moves files of a container into a folder beside them, on the same file system, one by one: a retry moves those that are left. Its
/// inverse moves them back, where nothing has been made in their place. That frees nothing: its settlement does, which deletes them.
/// </summary>
/// <param name="Files">Relative to the root.</param>
/// <param name="Folder">Where to, relative to the root.</param>
internal sealed record SetAsideEffect(
    PodContainer Container, string Root, string Folder, IReadOnlyList<string> Files, bool Back = false) : Effect
{
    private const string Count = """
        root=$1; q=$1/$2; shift 2; here=0; aside=0; both=0
        for f in "$@"; do
          if [ -e "$root/$f" ] && [ -e "$q/$f" ]; then both=$((both+1));
          elif [ -e "$q/$f" ]; then aside=$((aside+1));
          elif [ -e "$root/$f" ]; then here=$((here+1)); fi
        done
        echo "$here $aside $both"
        """;

    private const string Move = """
        set -e; root=$1; q=$1/$2; shift 2
        for f in "$@"; do
          if [ -e "$root/$f" ] && [ ! -e "$q/$f" ]; then mkdir -p "$(dirname "$q/$f")"; mv "$root/$f" "$q/$f"; fi
        done
        """;

    private const string MoveBack = """
        set -e; root=$1; q=$1/$2; shift 2
        for f in "$@"; do
          if [ -e "$q/$f" ] && [ ! -e "$root/$f" ]; then mv "$q/$f" "$root/$f"; fi
        done
        find "$q" -depth -type d -exec rmdir {} \; 2>/dev/null || true
        """;

    [JsonIgnore]
    public override string Subject => $"{Root} in {Container}";

    [JsonIgnore]
    public override bool IsReversible => true;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        if (!await Container.IsThereAsync(tools, cancellationToken)) return new Look(Sight.Gone, $"{Container} is gone");
        var (here, aside, both) = await CountAsync(tools, cancellationToken);
        if (Back)
        {
            if (both > 0) return new Look(Sight.ChangedByOther, Workloads.Invariant($"{both} files were made anew in {Subject} meanwhile"));
            if (here + aside == 0) return new Look(Sight.Gone, $"what was set aside in {Subject} is not there any more");
            return aside == 0 ? Look.Applied(null) : Look.NotApplied(null);
        }

        if (here + aside + both == 0) return new Look(Sight.ChangedByOther, $"somebody took the files of {Subject} away");
        return here == 0 ? Look.Applied(null)
            : aside + both > 0 ? Look.NotApplied(null) with { Post = new JsonObject() } : Look.NotApplied(null);
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        try
        {
            if (dryRun) await Container.RunAsync(tools, ["test", "-w", Root], cancellationToken);
            else await Container.RunAsync(tools, Back ? MoveBack : Move, [Root, Folder, .. Files], cancellationToken);
            return WriteAnswer.Taken;
        }
        catch (ContainerException e)
        {
            return WriteAnswer.Refused(e.Message);
        }
    }

    /// <summary>A move that failed half-way, or goes on although nobody hears of it any more.</summary>
    public override async Task<string?> BegunAsync(ActionTools tools, CancellationToken cancellationToken)
    {
        if (Back || !await Container.IsThereAsync(tools, cancellationToken)) return null;
        try
        {
            var (_, aside, both) = await CountAsync(tools, cancellationToken);
            return aside + both == 0 ? null : Workloads.Invariant($"{aside + both} of {Files.Count} files are set aside");
        }
        catch (ContainerException e)
        {
            return $"how many files are set aside cannot be seen: {e.Message}";
        }
    }

    public override Effect Inverse(JsonObject post) => this with { Back = !Back };

    public override Effect? Settlement(JsonObject post) => Back ? null : new PurgeEffect(Container, Root, [Folder]);

    public override IReadOnlyList<string> Describe() =>
        [Workloads.Invariant($"{Subject}: {Files.Count} files moved {(Back ? "back from" : "to")} {Folder}")];

    private async Task<(int Here, int Aside, int Both)> CountAsync(ActionTools tools, CancellationToken cancellationToken)
    {
        var counts = (await Container.RunAsync(tools, Count, [Root, Folder, .. Files], cancellationToken)).Split(' ')
            .Select(text => int.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : 0).ToArray();
        return counts is [var here, var aside, var both]
            ? (here, aside, both) : throw new ContainerException(Container, "expected three numbers");
    }
}

/// <summary>
/// Deletes folders in which files were set aside. Nothing brings them back. In a pod that was made anew under the same name as well, as a
/// StatefulSet's is: its volume is the same, and so are the folders, whose names no other operation has.
/// </summary>
/// <param name="Folders">Relative to the root.</param>
internal sealed record PurgeEffect(PodContainer Container, string Root, IReadOnlyList<string> Folders) : Effect
{
    private const string Count = """
        root=$1; shift; n=0
        for d in "$@"; do if [ -e "$root/$d" ]; then n=$((n+1)); fi; done
        echo "$n"
        """;

    private const string Remove = """
        set -e; root=$1; shift
        for d in "$@"; do rm -rf -- "$root/$d"; done
        """;

    [JsonIgnore]
    public override string Subject => $"{Root} in {Container}";

    [JsonIgnore]
    public override bool IsReversible => false;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        if (!await Container.IsThereAsync(tools, cancellationToken, anyUid: true))
        {
            return new Look(
                Sight.Gone, $"{Container} is gone; {string.Join(", ", Folders)} in {Root} too, unless its volume has outlived it");
        }

        var left = await Container.RunAsync(tools, Count, [Root, .. Folders], cancellationToken);
        return left.Trim() == "0" ? Look.Applied(null) : Look.NotApplied(null);
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        try
        {
            if (dryRun) await Container.RunAsync(tools, ["test", "-w", Root], cancellationToken);
            else await Container.RunAsync(tools, Remove, [Root, .. Folders], cancellationToken);
            return WriteAnswer.Taken;
        }
        catch (ContainerException e)
        {
            return WriteAnswer.Refused(e.Message);
        }
    }

    public override Effect? Inverse(JsonObject post) => null;

    public override IReadOnlyList<string> Describe() => [$"{Subject}: {string.Join(", ", Folders)} deleted"];
}
