using DurableTask.Core;
using DurableTask.Core.Exceptions;
using DurableTask.Core.History;
using DurableTask.Core.Payloads;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.DurableTask.Client.Tests;

public class StartTests : ClientFixture
{
    private ExecutionStartedEvent Start => Hub.Created.Single().Start;

    [Fact]
    public async Task A_start_event_holds_what_the_caller_gave()
    {
        var startAt = new DateTimeOffset(2026, 2, 1, 12, 0, 0, TimeSpan.FromHours(2));
        var tags = new Dictionary<string, string> { ["team"] = "db" };
        var id = await Client.ScheduleNewOrchestrationInstanceAsync(
            "Heal", new { Target = "web" }, new StartOrchestrationOptions("incident-1", startAt) { Tags = tags, Version = "2" });

        Assert.Equal("incident-1", id);
        Assert.Equal(("Heal", "2", """{"Target":"web"}"""), (Start.Name, Start.Version, Start.Input));
        Assert.Equal(new DateTime(2026, 2, 1, 10, 0, 0, DateTimeKind.Utc), Start.ScheduledStartTime);
        Assert.Equal(tags, Start.Tags!);
        Assert.Equal(Time.GetUtcNow().UtcDateTime, Start.Timestamp);
    }

    [Fact]
    public async Task Ids_are_guids_of_32_digits_unless_given()
    {
        var id = await Client.ScheduleNewOrchestrationInstanceAsync("Heal");

        Assert.Equal("00000001000000000000000000000000", id);
        Assert.Equal("00000002000000000000000000000000", Start.OrchestrationInstance.ExecutionId);
    }

    [Fact]
    public void Ids_sort_in_the_order_in_which_they_are_made()
    {
        var starter = new OrchestrationStarter(new ClientHub("test", Hub), new TaskHubClientOptions(), Time, NullLogger.Instance);
        var ids = Enumerable.Range(0, 50).Select(_ =>
        {
            Time.Advance(TimeSpan.FromMilliseconds(1));
            return starter.NewId();
        }).ToList();

        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
    }

    [Fact]
    public async Task Without_a_version_the_default_version_is_started()
    {
        Options.DefaultVersion = "1.5";
        await Client.ScheduleNewOrchestrationInstanceAsync("Heal");

        Assert.Equal("1.5", Start.Version);
    }

    [Fact]
    public async Task No_version_given_on_purpose_wins_over_the_default()
    {
        Options.DefaultVersion = "1.5";
        await Client.ScheduleNewOrchestrationInstanceAsync("Heal", new StartOrchestrationOptions { Version = TaskVersion.Unversioned });

        Assert.Equal("", Start.Version);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("a\0b")]
    public async Task A_bad_id_is_refused(string id) =>
        await Assert.ThrowsAnyAsync<ArgumentException>(
            () => Client.ScheduleNewOrchestrationInstanceAsync("Heal", new StartOrchestrationOptions(id)));

    [Theory]
    [InlineData("a/b\\c#d?e")]
    [InlineData("a\nb")]
    [InlineData("@counter@1")]
    public async Task Any_other_id_is_taken(string id)
    {
        var taken = await Client.ScheduleNewOrchestrationInstanceAsync("Heal", new StartOrchestrationOptions(id));

        Assert.Equal((id, id), (taken, Start.OrchestrationInstance.InstanceId));
    }

    [Fact]
    public async Task An_id_of_an_entity_is_refused_where_entities_are_in_use()
    {
        Options.EnableEntitySupport = true;
        var refused = await Assert.ThrowsAsync<ArgumentException>(
            () => Client.ScheduleNewOrchestrationInstanceAsync("Heal", new StartOrchestrationOptions("@counter@1")));
        Assert.Contains("those of entities", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_id_may_have_as_many_characters_as_the_storage_holds()
    {
        var id = new string('a', 512);
        Assert.Equal(id, await Client.ScheduleNewOrchestrationInstanceAsync("Heal", new StartOrchestrationOptions(id)));
    }

    [Fact]
    public async Task Too_long_an_id_name_or_input_is_refused()
    {
        var id = new StartOrchestrationOptions(new string('a', ClientLimits.InstanceIdLength + 1));

        await Assert.ThrowsAsync<ArgumentException>(() => Client.ScheduleNewOrchestrationInstanceAsync("Heal", id));
        await Assert.ThrowsAsync<ArgumentException>(
            () => Client.ScheduleNewOrchestrationInstanceAsync(new string('a', ClientLimits.NameLength + 1)));
        await Assert.ThrowsAsync<ArgumentException>(() => Client.ScheduleNewOrchestrationInstanceAsync(""));
        await Assert.ThrowsAsync<ArgumentException>(
            () => Client.ScheduleNewOrchestrationInstanceAsync("Heal", new string('a', new LargePayloadOptions().MaximumBytes)));
    }

    [Fact]
    public async Task By_default_an_ended_instance_is_replaced_and_a_running_one_is_not()
    {
        Hub.Set("ended", OrchestrationStatus.Failed);
        Hub.Set("running", OrchestrationStatus.Running);
        await Client.ScheduleNewOrchestrationInstanceAsync("Heal", new StartOrchestrationOptions("ended"));

        await Assert.ThrowsAsync<OrchestrationAlreadyExistsException>(
            () => Client.ScheduleNewOrchestrationInstanceAsync("Heal", new StartOrchestrationOptions("running")));
        Assert.Empty(Hub.Sent);
    }

    [Fact]
    public async Task A_named_status_forbids_the_replacement()
    {
        Hub.Set("i", OrchestrationStatus.Completed);
        var options = new StartOrchestrationOptions("i") { DedupeStatuses = ["completed", "RUNNING", "pending", "suspended"] };

        await Assert.ThrowsAsync<OrchestrationAlreadyExistsException>(() => Client.ScheduleNewOrchestrationInstanceAsync("Heal", options));
    }

    [Fact]
    public async Task A_running_instance_that_may_be_replaced_is_terminated_first()
    {
        Hub.Set("i", OrchestrationStatus.Running);
        Hub.OnMessage = (id, message) => Hub.Set(id, OrchestrationStatus.Terminated);
        await Client.ScheduleNewOrchestrationInstanceAsync("Heal", new StartOrchestrationOptions("i").WithDedupeStatuses());

        Assert.IsType<ExecutionTerminatedEvent>(Hub.Sent.Single().Message);
        Assert.Equal("i", Hub.Created.Single().InstanceId);
    }

    [Fact]
    public async Task The_replacement_waits_for_the_end_of_the_old_instance()
    {
        Hub.Set("i", OrchestrationStatus.Running);
        var start = Client.ScheduleNewOrchestrationInstanceAsync("Heal", new StartOrchestrationOptions("i").WithDedupeStatuses());
        await Hub.Waiting.Task;
        Assert.Empty(Hub.Created);
        Hub.Set("i", OrchestrationStatus.Terminated);

        Assert.Equal("i", await start);
    }

    [Fact]
    public async Task An_old_instance_that_does_not_end_fails_the_start_after_a_limit()
    {
        Hub.Set("i", OrchestrationStatus.Running);
        var start = Client.ScheduleNewOrchestrationInstanceAsync("Heal", new StartOrchestrationOptions("i").WithDedupeStatuses());
        await Hub.Waiting.Task;
        Time.Advance(TimeSpan.FromSeconds(30));

        await Assert.ThrowsAsync<TimeoutException>(() => start);
        Assert.Empty(Hub.Created);
    }

    [Fact]
    public async Task An_old_instance_that_completed_just_before_its_termination_may_still_forbid_the_new_one()
    {
        Hub.Set("i", OrchestrationStatus.Running);
        Hub.OnMessage = (id, message) => Hub.Set(id, OrchestrationStatus.Completed);
        var options = new StartOrchestrationOptions("i").WithDedupeStatuses(OrchestrationRuntimeStatus.Completed);

        await Assert.ThrowsAsync<OrchestrationAlreadyExistsException>(() => Client.ScheduleNewOrchestrationInstanceAsync("Heal", options));
    }

    [Fact]
    public async Task Contradictory_and_unknown_statuses_are_refused()
    {
        var contradiction = new StartOrchestrationOptions("i").WithDedupeStatuses(OrchestrationRuntimeStatus.Terminated);
        var unknown = new StartOrchestrationOptions("i") { DedupeStatuses = ["Finished"] };

        await Assert.ThrowsAsync<ArgumentException>(() => Client.ScheduleNewOrchestrationInstanceAsync("Heal", contradiction));
        await Assert.ThrowsAsync<ArgumentException>(() => Client.ScheduleNewOrchestrationInstanceAsync("Heal", unknown));
    }

    [Fact]
    public void Every_valid_dedupe_status_is_understood() =>
        Assert.All(
            StartOrchestrationOptionsExtensions.ValidDedupeStatuses,
            status => ReusePolicy.From([status.ToString(), "Running", "Pending", "Suspended"]));

    [Fact]
    public async Task A_cancelled_start_creates_nothing()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Client.ScheduleNewOrchestrationInstanceAsync("Heal", new CancellationToken(canceled: true)));
        Assert.Empty(Hub.Created);
    }
}
