using DurableTask.Core;
using DurableTask.Core.History;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.DurableTask.Client.Tests;

public class SignalAndWaitTests : ClientFixture
{
    [Fact]
    public async Task An_event_is_sent_with_its_payload()
    {
        await Client.RaiseEventAsync("i", "approval", new { Ok = true });

        var raised = Assert.IsType<EventRaisedEvent>(Hub.Sent.Single().Message);
        Assert.Equal(("approval", """{"Ok":true}"""), (raised.Name, raised.Input));
        Assert.Equal(Time.GetUtcNow().UtcDateTime, raised.Timestamp);
    }

    [Fact]
    public async Task Signals_to_unknown_instances_are_silent()
    {
        await Client.RaiseEventAsync("nobody", "approval");
        await Client.TerminateInstanceAsync("nobody");
        await Client.SuspendInstanceAsync("nobody");
        await Client.ResumeInstanceAsync("nobody");

        Assert.Equal(4, Hub.Sent.Count);
    }

    [Fact]
    public async Task Empty_ids_and_names_are_refused()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Client.RaiseEventAsync("", "approval"));
        await Assert.ThrowsAsync<ArgumentException>(() => Client.RaiseEventAsync("i", " "));
        await Assert.ThrowsAsync<ArgumentException>(() => Client.TerminateInstanceAsync(""));
        await Assert.ThrowsAsync<ArgumentException>(() => Client.GetInstanceAsync(""));
        await Assert.ThrowsAsync<ArgumentException>(() => Client.WaitForInstanceCompletionAsync(""));
    }

    [Fact]
    public async Task A_termination_carries_output_and_recursion()
    {
        await Client.TerminateInstanceAsync("i", new TerminateInstanceOptions("enough", Recursive: true));

        var end = Assert.IsType<ExecutionTerminatedEvent>(Hub.Sent.Single().Message);
        Assert.Equal(("\"enough\"", true), (end.Input, end.Recurse));
    }

    [Fact]
    public async Task A_termination_with_a_plain_output_is_not_recursive()
    {
        await Client.TerminateInstanceAsync("i", output: 7);

        var end = Assert.IsType<ExecutionTerminatedEvent>(Hub.Sent.Single().Message);
        Assert.Equal(("7", false), (end.Input, end.Recurse));
    }

    [Fact]
    public async Task Suspending_and_resuming_carry_their_reasons()
    {
        await Client.SuspendInstanceAsync("i", "night");
        await Client.ResumeInstanceAsync("i", "morning");

        Assert.Equal("night", Assert.IsType<ExecutionSuspendedEvent>(Hub.Sent[0].Message).Reason);
        Assert.Equal("morning", Assert.IsType<ExecutionResumedEvent>(Hub.Sent[1].Message).Reason);
    }

    [Fact]
    public async Task A_wait_for_the_start_ends_when_the_instance_is_no_longer_pending()
    {
        Hub.Set("i", OrchestrationStatus.Pending);
        var wait = Client.WaitForInstanceStartAsync("i");
        await Hub.Waiting.Task;
        Assert.False(wait.IsCompleted);
        Hub.Set("i", OrchestrationStatus.Running);

        Assert.True((await wait).IsRunning);
    }

    [Fact]
    public async Task A_wait_for_the_end_reads_the_output()
    {
        var wait = Client.WaitForInstanceCompletionAsync("i", getInputsAndOutputs: true);
        await Hub.Waiting.Task;
        Hub.Set("i", OrchestrationStatus.Running);
        Hub.Set("i", OrchestrationStatus.Completed, state => state with { Output = "42" });

        Assert.Equal(42, (await wait).ReadOutputAs<int>());
    }

    /// <summary>Whoever stored the end tells it afterwards: the instance may have been rewound, or started again, in between.</summary>
    [Fact]
    public async Task A_word_of_an_earlier_end_that_comes_late_does_not_end_a_wait()
    {
        var earlier = Time.GetUtcNow();
        Hub.Set("i", OrchestrationStatus.Running, state => state with { UpdatedAt = earlier.AddSeconds(1) });
        var wait = Client.WaitForInstanceCompletionAsync("i", getInputsAndOutputs: true);
        await Hub.Waiting.Task;
        Hub.Tell("i", state => state with { Status = OrchestrationStatus.Failed, UpdatedAt = earlier });
        Hub.Set("i", OrchestrationStatus.Completed, state => state with { Output = "42" });

        Assert.Equal(42, (await wait).ReadOutputAs<int>());
    }

    [Fact]
    public async Task A_cancelled_wait_throws_OperationCanceledException_itself_with_the_callers_token()
    {
        using var cancellation = new CancellationTokenSource();
        var wait = Client.WaitForInstanceCompletionAsync("i", cancellation.Token);
        await cancellation.CancelAsync();

        var thrown = await Assert.ThrowsAsync<OperationCanceledException>(() => wait);
        Assert.Equal(cancellation.Token, thrown.CancellationToken);
    }

    [Fact]
    public async Task A_wait_ends_when_its_process_stops()
    {
        using var stopping = new CancellationTokenSource();
        var client = new TaskHubClient(
            "test", Hub, Options, new TaskHubClientOptions { Stopping = stopping.Token }, Time, NullLogger.Instance);
        var wait = client.WaitForInstanceStartAsync("i");
        await Hub.Waiting.Task;
        await stopping.CancelAsync();

        var thrown = await Assert.ThrowsAsync<OperationCanceledException>(() => wait);
        Assert.Contains("this process stops", thrown.Message);
    }

    [Fact]
    public async Task A_wait_for_an_instance_that_is_purged_does_not_last_for_ever()
    {
        Hub.Set("i", OrchestrationStatus.Running);
        var wait = Client.WaitForInstanceCompletionAsync("i");
        await Hub.Waiting.Task;
        Hub.Remove("i");

        await Assert.ThrowsAsync<InvalidOperationException>(() => wait);
    }
}
