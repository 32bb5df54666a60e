using System.Diagnostics;

namespace Heal.Activities.Tests;

/// <summary>A pipe of the file system, on which a program that a test runs says that it has come so far.</summary>
internal sealed class NamedPipe : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("heal-pipe-");

    public NamedPipe()
    {
        using var made = Process.Start("mkfifo", Path);
        made.WaitForExit();
        Assert.Equal(0, made.ExitCode);
    }

    public string Path => System.IO.Path.Combine(_folder.FullName, "pipe");

    /// <summary>What is written to it by the first who opens it.</summary>
    public async Task<string> ReadAsync() =>
        (await Task.Run(() => File.ReadAllText(Path)).WaitAsync(TimeSpan.FromSeconds(60))).Trim();

    public void Dispose() => _folder.Delete(recursive: true);
}
