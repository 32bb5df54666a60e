using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Testing;

namespace Heal.DurableTask.Generators.Tests;

/// <summary>The generator as a project uses it: the compiler ran it on <see cref="GreetAll"/> and its kind, and they run.</summary>
public sealed class EndToEndTests
{
    [Fact]
    public async Task A_typed_orchestration_registered_and_started_by_generated_code_completes()
    {
        await using var host = await DurableTaskTestHost.StartAsync(static tasks => tasks.AddAllGeneratedTasks());
        var client = host.Client;

        var letter = await client.ScheduleNewGreetAllInstanceAsync(["Prague", "Oslo"]);
        await client.ScheduleNewSendForInstanceAsync(letter);
        var done = await client.WaitForInstanceCompletionAsync(letter, getInputsAndOutputs: true);

        Assert.Equal("Hello, Prague! Hello, Oslo! - Nobody, version 2", done.ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_helper_of_a_version_starts_that_version_unless_the_options_name_another()
    {
        await using var host = await DurableTaskTestHost.StartAsync(static tasks => tasks.AddAllGeneratedTasks());
        var client = host.Client;
        var letter = new Letter("Dear all", "me");

        var first = await client.ScheduleNewSign_1InstanceAsync(letter);
        var second = await client.ScheduleNewSignFirstInstanceAsync(letter, new StartOrchestrationOptions { Version = "2" });

        Assert.Equal("by the first version", await OutputOfAsync(client, first));
        Assert.Equal("Dear all - me, version 2", await OutputOfAsync(client, second));
    }

    private static async Task<string?> OutputOfAsync(DurableTaskClient client, string id) =>
        (await client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true)).ReadOutputAs<string>();
}
