using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace Heal.Activities.Tests;

public sealed class KillSwitchTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("heal-kill-switch");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(null)]
    [InlineData("false")]
    public async Task A_file_that_is_written_while_it_runs_stops_it_whatever_outranks_the_file(string? above)
    {
        var root = new ConfigurationBuilder()
            .AddJsonFile(Path.Combine(_folder.FullName, "appsettings.json"), optional: true, reloadOnChange: true)
            .AddInMemoryCollection([KeyValuePair.Create("Heal:KillSwitch", above)])
            .Build();
        await using var services = new ServiceCollection().AddHealer(root, "Host=/nowhere").BuildServiceProvider();
        var killSwitch = services.GetRequiredService<ISafetySwitch>();
        var before = killSwitch.Objection();

        await ChangeAsync(root, """{"Heal": {"KillSwitch": true}}""");
        var on = killSwitch.Objection();
        await ChangeAsync(root, """{"Heal": {"KillSwitch": false}}""");
        var after = killSwitch.Objection();

        Assert.Equal((null, "the kill switch (Heal:KillSwitch) is on", null), (before, on, after));
    }

    private async Task ChangeAsync(IConfiguration configuration, string text)
    {
        var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = ChangeToken.OnChange(configuration.GetReloadToken, () => changed.TrySetResult());
        var next = Path.Combine(_folder.FullName, "next");
        await File.WriteAllTextAsync(next, text);
        File.Move(next, Path.Combine(_folder.FullName, "appsettings.json"), overwrite: true); // in one step, so one change is told
        await changed.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }
}
