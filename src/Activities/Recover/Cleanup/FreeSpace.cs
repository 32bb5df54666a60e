using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// What is free on the file system of a folder in a container, measured by <c>df</c>: files that were moved have freed nothing, and neither
/// have deleted ones that a process still holds open, or that have a second name.
/// </summary>
internal static class FreeSpace
{
    private const int BlockBytes = 1024;

    // As a share of what the deleted files held: others write and delete on the same file system meanwhile.
    private const decimal LeastFreed = 0.5m;

    private const string Held = """
        root=$1; shift; n=0
        for d in "$@"; do
          if [ -e "$root/$d" ]; then k=$(du -sk "$root/$d" | cut -f1); n=$((n+k)); fi
        done
        echo "$n"
        """;

    /// <returns>Bytes.</returns>
    /// <exception cref="ContainerException">The container has no <c>df</c>, or it says something else than POSIX asks for.</exception>
    public static async Task<long> MeasureAsync(
        ActionTools tools, PodContainer container, string root, CancellationToken cancellationToken)
    {
        // Device and mount point may have blanks in their names: what is free stands before the percentage.
        var said = (await container.RunAsync(tools, ["df", "-Pk", root], cancellationToken)).Trim();
        var words = said.Split('\n')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var percent = Array.FindLastIndex(words, word => word.EndsWith('%'));
        return percent > 0 && long.TryParse(words[percent - 1], NumberStyles.None, CultureInfo.InvariantCulture, out var blocks)
            ? blocks * BlockBytes
            : throw new ContainerException(container, $"expected what 'df -Pk' prints, got '{said}'");
    }

    /// <summary>What <see cref="CheckAsync"/> wants to know from before a deletion.</summary>
    public static async Task<JsonObject> FactsAsync(ActionTools tools, PurgeEffect purge, CancellationToken cancellationToken)
    {
        var held = await purge.Container.RunAsync(tools, Held, [purge.Root, .. purge.Folders], cancellationToken);
        if (!long.TryParse(held.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var blocks))
        {
            throw new ContainerException(purge.Container, $"expected a number from 'du -sk', got '{held}'");
        }

        return new JsonObject
        {
            ["free"] = await MeasureAsync(tools, purge.Container, purge.Root, cancellationToken), ["held"] = blocks * BlockBytes,
        };
    }

    /// <summary>Whether a deletion has freed what the files held, or most of it.</summary>
    public static async Task<EffectCheck> CheckAsync(ActionTools tools, ActionImage image, CancellationToken cancellationToken)
    {
        if (image.Steps is not [PurgeEffect purge]) return EffectCheck.NotYet("nothing was deleted");
        var (before, held) = (Fact(image, "free"), Fact(image, "held"));
        long now;
        try
        {
            now = await MeasureAsync(tools, purge.Container, purge.Root, cancellationToken);
        }
        catch (ContainerException e)
        {
            return EffectCheck.NotYet(e.Message);
        }

        var said = $"{Amounts.Bytes(held)} were deleted; {Amounts.Bytes(now)} are free in {purge.Root}, {Amounts.Bytes(before)} were "
            + "before";
        return now - before > held * LeastFreed
            ? EffectCheck.Yes(said)
            : EffectCheck.NotYet($"{said}: a process holds the files open, they have a second name, or others write as fast");
    }

    public static long Fact(ActionImage image, string name) => image.Facts[name]?.GetValue<long>() ?? 0;
}
