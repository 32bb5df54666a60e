using System.Diagnostics;

namespace Heal.House.Tests;

/// <summary>The files of this repository that git knows or would add: build output and local state are nobody's concern here.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>Paths relative to the root, with forward slashes.</summary>
    public static IReadOnlyList<string> Files { get; } = ListFiles();

    public static IEnumerable<string> FilesEndingWith(params string[] suffixes) =>
        Files.Where(file => suffixes.Any(suffix => file.EndsWith(suffix, StringComparison.Ordinal)));

    public static string[] LinesOf(string file) => File.ReadAllLines(PathOf(file));

    public static string TextOf(string file) => File.ReadAllText(PathOf(file));

    public static string PathOf(string file) => Path.Combine(Root, file);

    public static bool MayBeExecuted(string file) =>
        !OperatingSystem.IsWindows() && File.GetUnixFileMode(PathOf(file)).HasFlag(UnixFileMode.UserExecute);

    /// <summary>Runs a program in the root. A program that is missing is an error: its check must not look passed.</summary>
    public static (int ExitCode, string Output) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Root,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            throw new InvalidOperationException($"This test needs '{program}', which cannot be started. ./test.sh installs it.", missing);
        }

        using (process)
        {
            // both streams at once: a full pipe would stop the program
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output + errors.Result);
        }
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Functions.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds Functions.sln.");
    }

    private static string[] ListFiles()
    {
        // safe.directory: a checkout that belongs to another user is still ours to read
        var (exitCode, output) = Run(
            "git", "-c", $"safe.directory={Root}", "ls-files", "--cached", "--others", "--exclude-standard", "-z");
        if (exitCode != 0)
        {
            throw new InvalidOperationException($"git ls-files failed in {Root}: {output}");
        }

        // a file that is removed, but not yet from git's index, is listed too
        var files = output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Where(file => File.Exists(PathOf(file)));
        return [.. files.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }
}
