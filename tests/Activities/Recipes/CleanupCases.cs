namespace Heal.Activities.Tests;

/// <summary>Actions inside of containers.</summary>
internal static class CleanupCases
{
    public static readonly RecipeCase[] All =
    [
        new("cleanup_path", "cleanup_path")
        {
            WritesToCluster = false,
            Arrange = async stall =>
            {
                var root = Folder(stall);
                Old(Path.Combine(root, "big one's.log"), 3000);
                Old(Path.Combine(root, "deep", "er", "$(touch oops).log"), 2000);
                Old(Path.Combine(root, "small.log"), 10);
                File.WriteAllText(Path.Combine(root, "new.log"), new string('n', 5000));
                return await PlatformCases.WebAsync(stall);
            },
            With = stall => new()
            {
                ["path"] = stall.Notes["root"], ["atLeast"] = stall.Notes.GetValueOrDefault("atLeast", "4000"), ["maxFiles"] = "2",
            },
            Spoil = stall =>
            {
                stall.Notes["atLeast"] = "6000";
                return Task.FromResult("2 files that old have 1Mi together, 6000 are asked for");
            },
            Effects = stall => Task.FromResult(
                Files(stall).Count(file => file.Contains(CleanupPath.Quarantine, StringComparison.Ordinal)) == 2
                && Files(stall).Count == 4 && !File.Exists("oops") ? 1 : 0),
            Before = stall => Task.FromResult(Left(stall)),
        },
        new("purge_quarantine", "purge_quarantine")
        {
            WritesToCluster = false,
            Arrange = async stall =>
            {
                var root = Folder(stall);
                Old(Path.Combine(root, "kept.log"), 10);
                Big(Path.Combine(root, CleanupPath.Quarantine, "0123abcd", "gone.log"));
                Old(Path.Combine(root, CleanupPath.Quarantine, "not-ours", "kept.log"), 10);
                foreach (var folder in Directory.GetDirectories(Path.Combine(root, CleanupPath.Quarantine)))
                {
                    Directory.SetLastWriteTimeUtc(folder, DateTime.UtcNow.AddDays(-3));
                }

                return await PlatformCases.WebAsync(stall);
            },
            With = stall => new() { ["path"] = stall.Notes["root"] },
            Spoil = stall =>
            {
                Directory.SetLastWriteTimeUtc(
                    Path.Combine(stall.Notes["root"], CleanupPath.Quarantine, "0123abcd"), DateTime.UtcNow.AddHours(-1));
                return Task.FromResult("nothing was set aside there that long ago");
            },
            Effects = stall => Task.FromResult(
                Left(stall) == $"{CleanupPath.Quarantine}/not-ours/kept.log|kept.log" ? 1 : 0),
        },
    ];

    /// <summary>So much that what others write and delete on the same file system meanwhile does not hide it.</summary>
    public const int BigBytes = 256 << 20;

    /// <summary>An old file that takes room without being written.</summary>
    public static void Big(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, PreallocationSize = BigBytes };
        using (var file = new FileStream(path, options)) file.SetLength(BigBytes);
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddDays(-3));
    }

    /// <summary>What is in the folder that may be cleaned.</summary>
    public static string Left(Stall stall) => string.Join('|', Files(stall));

    private static string Folder(Stall stall)
    {
        var root = stall.Notes["root"] = Directory.CreateTempSubdirectory("heal-test-").FullName;
        stall.Cleanup.Paths.Add(root);
        return root;
    }

    private static void Old(string path, int bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, new string('o', bytes));
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddDays(-3));
    }

    private static List<string> Files(Stall stall) =>
    [
        .. Directory.GetFiles(stall.Notes["root"], "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(stall.Notes["root"], file)).Order(StringComparer.Ordinal),
    ];
}
