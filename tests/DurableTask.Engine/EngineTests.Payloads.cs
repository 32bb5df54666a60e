using DurableTask.Core.Exceptions;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using DurableTask.Core.Payloads;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.DurableTask.Engine.Tests;

/// <summary>Large inputs, outputs, events and statuses.</summary>
public abstract partial class EngineTests
{
    private const int LargeSize = 300_000;
    private const int TokenSize = 100;
    private static readonly string PayloadFailure = typeof(PayloadStorageException).FullName!;

    [Fact]
    public async Task Large_payloads_come_back_whole_wherever_they_are_read_and_are_stored_apart()
    {
        ITaskHub hub = CreateHub(NewStore());
        string large = Large("input");
        await using EngineHost engine = await EngineHost.StartAsync(hub, tasks => tasks
            .AddOrchestratorFunc<string, string>("Doubles", async (context, input) =>
            {
                string echoed = await context.CallActivityAsync<string>("Echo", input);
                string[] all = await Task.WhenAll(
                    context.CallActivityAsync<string>("Echo", input),
                    context.CallSubOrchestratorAsync<string>("Child", input),
                    context.WaitForExternalEvent<string>("go"));
                context.SetCustomStatus(all[2]);
                return string.Concat(all) + echoed;
            })
            .AddOrchestratorFunc<string, string>("Child", (_, input) => Task.FromResult(input))
            .AddActivityFunc<string, string>("Echo", (_, input) => input));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Doubles", large);
        await engine.Client.RaiseEventAsync(id, "go", Large("event"));

        OrchestrationMetadata done = await engine.WaitAsync(id);

        Assert.Equal(large, done.ReadInputAs<string>());
        Assert.Equal(large + large + Large("event") + large, done.ReadOutputAs<string>());
        Assert.Equal(Large("event"), done.ReadCustomStatusAs<string>());
        IList<HistoryEvent> history = await engine.Client.GetOrchestrationHistoryAsync(id);
        Assert.Equal(2, history.OfType<TaskScheduledEvent>().Count(task => task.Input!.Length > LargeSize));
        InstanceState stored = (await hub.GetInstanceAsync(id, withPayloads: true))!;
        Assert.InRange(stored.Input!.Length + stored.Output!.Length + stored.CustomStatus!.Length, 3, 3 * TokenSize);
        Assert.DoesNotContain((await hub.GetHistoryAsync(id))!.OfType<TaskCompletedEvent>(), task => task.Result!.Length > TokenSize);
    }

    [Theory]
    [InlineData((256 * 1024) - 1, false)]
    [InlineData(256 * 1024, false)]
    [InlineData((256 * 1024) + 1, true)]
    public async Task A_payload_is_compressed_and_kept_apart_from_the_first_byte_over_256_KiB_on(int size, bool isApart)
    {
        ITaskHub hub = CreateHub(NewStore());
        string text = new('x', size - 2); // and the quotation marks of JSON
        await using EngineHost engine = await EngineHost.StartAsync(
            hub, tasks => tasks.AddOrchestratorFunc<string, string>("Echo", (_, input) => Task.FromResult(input)));

        OrchestrationMetadata done = await engine.RunAsync("Echo", text);

        Assert.Equal((text, text), (done.ReadInputAs<string>(), done.ReadOutputAs<string>()));
        InstanceState stored = (await hub.GetInstanceAsync(done.InstanceId, withPayloads: true))!;
        Assert.Equal(isApart ? TokenSize : size, Math.Max(TokenSize, stored.Input!.Length));
        if (isApart)
        {
            string id = stored.Input[^64..];
            byte[] apart = (await ((IPayloadStore)hub).GetPayloadsAsync([id]))[id];
            Assert.InRange(apart.Length, 1, size / 100); // one character again and again
        }
    }

    [Fact]
    public async Task An_exception_with_a_text_of_megabytes_is_stored_with_its_beginning()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Fails", context => context.CallActivityAsync("Shouts"))
            .AddActivityFunc("Shouts", _ => throw new InvalidDataException("It begins" + new string('!', 5_000_000))));

        OrchestrationMetadata done = await engine.RunAsync("Fails");

        Assert.StartsWith("It begins!!!", done.FailureDetails!.InnerFailure!.ErrorMessage, StringComparison.Ordinal);
        Assert.EndsWith("of 5,000,009 characters]", done.FailureDetails.InnerFailure.ErrorMessage, StringComparison.Ordinal);
        Assert.InRange(done.FailureDetails.ToString().Length + done.FailureDetails.ErrorMessage.Length, 1, 40_000);
    }

    [Fact]
    public async Task A_large_input_survives_continue_as_new_and_a_worker_that_starts_anew()
    {
        string store = NewStore();
        void Tasks(DurableTaskRegistry tasks) => tasks.AddOrchestratorFunc<string, int>("Loops", async (context, input) =>
        {
            if (input[^1] != '3')
            {
                context.ContinueAsNew(input[..^1] + (char)(input[^1] + 1));
                return 0;
            }

            await context.WaitForExternalEvent<string>("go");
            return input.Length;
        });
        string id;
        await using (EngineHost first = await EngineHost.StartAsync(CreateHub(store), Tasks))
        {
            id = await first.Client.ScheduleNewOrchestrationInstanceAsync("Loops", Large("loop") + "0");
            await UntilAsync(first, id, state => state.ReadInputAs<string>()![^1] == '3');
        }

        await using EngineHost second = await EngineHost.StartAsync(CreateHub(store), Tasks);
        await second.Client.RaiseEventAsync(id, "go", "x");

        Assert.Equal(Large("loop").Length + 1, (await second.WaitAsync(id)).ReadOutputAs<int>());
    }

    [Fact]
    public async Task A_payload_over_the_limit_is_refused_by_the_client_before_anything_is_stored()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Nothing", _ => { }));
        string tooLarge = new('x', new LargePayloadOptions().MaximumBytes);

        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(
            () => engine.Client.ScheduleNewOrchestrationInstanceAsync("Nothing", tooLarge, new StartOrchestrationOptions("never")));

        Assert.Contains("at most 10,485,760 bytes, got 10,485,762", refused.Message, StringComparison.Ordinal);
        Assert.Null(await engine.Client.GetInstanceAsync("never"));
    }

    [Fact]
    public async Task An_activity_whose_result_is_over_the_limit_fails_once_and_its_orchestration_goes_on()
    {
        int runs = 0;
        await using EngineHost engine = await StartWithLimitAsync(tasks => tasks
            .AddOrchestratorFunc("Catches", async context =>
            {
                try
                {
                    return await context.CallActivityAsync<string>(
                        "Large", TaskOptions.FromRetryPolicy(new RetryPolicy(5, TimeSpan.FromMilliseconds(1))));
                }
                catch (Microsoft.DurableTask.TaskFailedException failed)
                {
                    return failed.FailureDetails.ErrorType;
                }
            })
            .AddActivityFunc("Large", _ =>
            {
                Interlocked.Increment(ref runs);
                return Large("result");
            }));

        Assert.Equal((PayloadFailure, 1), ((await engine.RunAsync("Catches")).ReadOutputAs<string>(), runs));
    }

    [Theory]
    [InlineData("output")]
    [InlineData("activity")]
    [InlineData("child")]
    [InlineData("status")]
    [InlineData("again")]
    [InlineData("event")]
    public async Task An_orchestrator_that_makes_a_payload_over_the_limit_fails_and_the_others_do_not(string what)
    {
        await using EngineHost engine = await StartWithLimitAsync(tasks => tasks
            .AddOrchestratorFunc<string, string>("Makes", async (context, made) =>
            {
                switch (made)
                {
                    case "activity":
                        await context.CallActivityAsync("Nothing", Large(made));
                        break;
                    case "child":
                        await context.CallSubOrchestratorAsync("Makes", Large(made));
                        break;
                    case "status":
                        context.SetCustomStatus(Large(made));
                        break;
                    case "again":
                        context.ContinueAsNew(Large(made));
                        break;
                    case "event":
                        context.SendEvent("somebody", "e", Large(made));
                        break;
                }

                return made == "output" ? Large(made) : "small";
            })
            .AddActivityFunc("Nothing", _ => { }));

        OrchestrationMetadata[] done = await Task.WhenAll(engine.RunAsync("Makes", what), engine.RunAsync("Makes", "nothing"));

        Assert.Equal(OrchestrationRuntimeStatus.Completed, done[1].RuntimeStatus);
        Assert.Equal((OrchestrationRuntimeStatus.Failed, PayloadFailure), (done[0].RuntimeStatus, done[0].FailureDetails?.ErrorType));
        Assert.Contains("at most 100,000 bytes", done[0].FailureDetails!.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_that_looks_like_a_reference_to_a_payload_reads_nobody_elses()
    {
        ITaskHub hub = CreateHub(NewStore());
        await using EngineHost engine = await EngineHost.StartAsync(
            hub,
            tasks => tasks.AddOrchestratorFunc<string, string>("Echo", (_, input) => Task.FromResult(input)),
            options => options.DataConverter = new PlainText(),
            services: services => services.AddOptions<DurableTaskClientOptions>("").Configure(o => o.DataConverter = new PlainText()));
        OrchestrationMetadata secret = await engine.RunAsync("Echo", Large("secret"));
        string token = (await hub.GetInstanceAsync(secret.InstanceId, withPayloads: true))!.Output!;

        Assert.Equal(token, (await engine.RunAsync("Echo", token)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task An_event_that_continue_as_new_takes_along_is_stored_as_other_payloads_are()
    {
        ITaskHub hub = CreateHub(NewStore());
        await using EngineHost engine = await EngineHost.StartAsync(
            hub,
            tasks => tasks
                .AddOrchestratorFunc<string, string>("Echo", (_, input) => Task.FromResult(input))
                .AddOrchestratorFunc<string, string>("Hands on", async (context, input) =>
                {
                    await context.WaitForExternalEvent<string>(input);
                    if (input == "first")
                    {
                        context.ContinueAsNew("second");
                        return "";
                    }

                    return await context.WaitForExternalEvent<string>("kept");
                }),
            options => options.DataConverter = new PlainText(),
            services: services => services.AddOptions<DurableTaskClientOptions>("").Configure(o => o.DataConverter = new PlainText()));
        OrchestrationMetadata secret = await engine.RunAsync("Echo", Large("secret"));
        string token = (await hub.GetInstanceAsync(secret.InstanceId, withPayloads: true))!.Output!;
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Hands on", "first");
        await engine.Client.RaiseEventAsync(id, "kept", token);
        await engine.Client.RaiseEventAsync(id, "first", "");
        await engine.Client.RaiseEventAsync(id, "second", "");

        Assert.Equal(token, (await engine.WaitAsync(id)).ReadOutputAs<string>());
    }

    private static string Large(string what) => what + new string('x', LargeSize);

    private Task<EngineHost> StartWithLimitAsync(Action<DurableTaskRegistry> tasks) => StartAsync(tasks, configureHub: options =>
    {
        options.LargePayloads.ThresholdBytes = 1024;
        options.LargePayloads.MaximumBytes = 100_000;
    });
}
