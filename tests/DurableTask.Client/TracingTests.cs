using System.Diagnostics;
using Microsoft.DurableTask;

namespace Heal.DurableTask.Client.Tests;

public sealed class TracingTests : ClientFixture, IDisposable
{
    private readonly Activity _test = new Activity("test").Start();
    private readonly List<Activity> _spans = [];
    private readonly ActivityListener _listener;

    public TracingTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.DurableTask",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                if (span.TraceId == _test.TraceId)
                {
                    _spans.Add(span);
                }
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    [Fact]
    public async Task A_start_is_a_producer_span_that_travels_with_the_start_event()
    {
        await Client.ScheduleNewOrchestrationInstanceAsync("Heal", new StartOrchestrationOptions("i") { Version = "2" });

        var span = _spans.Single();
        Assert.Equal(("create_orchestration:Heal@(2)", ActivityKind.Producer), (span.DisplayName, span.Kind));
        Assert.Equal("orchestration", span.GetTagItem("durabletask.type"));
        Assert.Equal("Heal", span.GetTagItem("durabletask.task.name"));
        Assert.Equal("2", span.GetTagItem("durabletask.task.version"));
        Assert.Equal("i", span.GetTagItem("durabletask.task.instance_id"));
        Assert.Equal(Hub.Created.Single().ExecutionId, span.GetTagItem("durabletask.task.execution_id"));
        Assert.Equal(span.Id, Hub.Created.Single().Start.ParentTraceContext!.Value);
    }

    [Fact]
    public async Task An_event_is_a_producer_span_with_its_target()
    {
        await Client.RaiseEventAsync("i", "approval");

        var span = _spans.Single();
        Assert.Equal(("orchestration_event:approval", ActivityKind.Producer), (span.DisplayName, span.Kind));
        Assert.Equal("event", span.GetTagItem("durabletask.type"));
        Assert.Equal("i", span.GetTagItem("durabletask.event.target_instance_id"));
    }

    [Fact]
    public async Task A_failed_start_is_an_error_span()
    {
        Hub.Set("i", global::DurableTask.Core.OrchestrationStatus.Running);
        await Assert.ThrowsAnyAsync<Exception>(
            () => Client.ScheduleNewOrchestrationInstanceAsync("Heal", new StartOrchestrationOptions("i")));

        Assert.Equal(ActivityStatusCode.Error, _spans.Single().Status);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _test.Dispose();
    }
}
