namespace Heal.Activities.Tests;

/// <summary>What becomes of git when nobody waits for it any more.</summary>
public sealed class GitCloneTests
{
    [Fact]
    public async Task A_git_whose_caller_has_left_is_ended_before_its_folder_goes()
    {
        var remote = Directory.CreateTempSubdirectory("heal-remote-");
        try
        {
            await GitAsync("init", "--quiet", "--initial-branch=main", remote.FullName);
            await GitAsync(
                "-C", remote.FullName, "-c", "user.name=t", "-c", "user.email=t@example.test", "commit", "--quiet", "--allow-empty",
                "-m", "a");
            using var pipe = new NamedPipe();
            using var leaving = new CancellationTokenSource();
            await using var clone = await GitClone.OpenAsync($"file://{remote.FullName}", "main", CancellationToken.None);

            // The shell of an alias is a child of git.
            var running = clone.RunAsync(
                ["-c", $"alias.wait=!echo $PPID > '{pipe.Path}'; exec sleep 1000", "wait"], leaving.Token);
            var id = await pipe.ReadAsync();
            await leaving.CancelAsync();

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
            Assert.False(Directory.Exists($"/proc/{id}"), "it still runs");
        }
        finally
        {
            remote.Delete(recursive: true);
        }
    }

    private static async Task GitAsync(params string[] arguments)
    {
        var (exit, said) = await new LocalCommands(TimeProvider.System).RunAsync(
            ["git", .. arguments], TimeSpan.FromMinutes(1), CancellationToken.None);
        Assert.True(exit == 0, said);
    }
}
