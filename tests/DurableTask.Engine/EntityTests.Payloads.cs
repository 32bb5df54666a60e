using DurableTask.Core.Exceptions;
using DurableTask.Core.Hub;
using DurableTask.Core.Payloads;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Client.Entities;
using Microsoft.DurableTask.Entities;

namespace Heal.DurableTask.Engine.Tests;

/// <summary>Large states, inputs and answers of entities.</summary>
public abstract partial class EntityTests
{
    private const int Threshold = 256 * 1024;
    private const int IdLength = 64;

    private protected static readonly EntityInstanceId Kept = new("Keeper", "kept");

    [Theory]
    [InlineData(Threshold - 1, false)]
    [InlineData(Threshold, false)]
    [InlineData(Threshold + 1, true)]
    public async Task States_inputs_and_answers_over_the_threshold_are_compressed_and_kept_apart_and_come_back_whole(int size, bool isApart)
    {
        ITaskHub hub = CreateHub(NewStore());
        await using EngineHost engine = await StartAsync(Keepers, hub);
        string text = OfSize(size);
        await engine.Client.Entities.SignalEntityAsync(Kept, "set", text);

        Assert.Equal(text, await AskAsync(engine, "get"));
        Assert.Equal(text, (await engine.Client.Entities.GetEntityAsync<string>(Kept))!.State);
        await foreach (EntityMetadata<string> listed in engine.Client.Entities.GetAllEntitiesAsync<string>())
        {
            Assert.Equal(text, listed.State);
        }

        string stored = await StoredStateAsync(hub);
        Assert.Equal(isApart, stored.Length < size);
        if (isApart)
        {
            byte[] apart = (await ((IPayloadStore)hub).GetPayloadsAsync([stored[^IdLength..]])).Values.Single();
            Assert.InRange(apart.Length, 1, size / 100); // one character again and again
        }
    }

    [Fact]
    public async Task A_large_state_that_stays_as_it_is_is_not_stored_again_and_one_that_is_replaced_goes()
    {
        ITaskHub hub = CreateHub(NewStore());
        await using EngineHost engine = await StartAsync(Keepers, hub);
        await engine.RunAsync("Set", OfSize(Threshold + 1));
        string first = await StoredStateAsync(hub);

        await AskAsync(engine, "get");
        Assert.Equal(first, await StoredStateAsync(hub));

        await engine.RunAsync("Set", OfSize(Threshold + 2));
        string second = await StoredStateAsync(hub);
        Assert.NotEqual(first, second);
        Assert.Equal([second[^IdLength..]], (await ((IPayloadStore)hub).GetPayloadsAsync([first[^IdLength..], second[^IdLength..]])).Keys);

        await engine.RunAsync("Set", "small");
        Assert.Equal("small", await AskAsync(engine, "get"));
        Assert.Empty(await ((IPayloadStore)hub).GetPayloadsAsync([second[^IdLength..]]));
    }

    [Fact]
    public async Task A_large_state_is_read_whole_while_it_is_replaced_again_and_again()
    {
        await using EngineHost engine = await StartAsync(Keepers);
        await engine.RunAsync("Set", OfSize(Threshold + 1));
        Task<OrchestrationMetadata> done = engine.RunAsync("Sets");

        int reads = 0;
        for (; !done.IsCompleted || reads == 0; reads++)
        {
            EntityMetadata<string>? read = await engine.Client.Entities.GetEntityAsync<string>(Kept);
            Assert.InRange(read!.State!.Length, Threshold - 1, Threshold + 300);
            await foreach (EntityMetadata<string> listed in engine.Client.Entities.GetAllEntitiesAsync<string>())
            {
                Assert.InRange(listed.State!.Length, Threshold - 1, Threshold + 300);
            }
        }

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await done).RuntimeStatus);
    }

    [Fact]
    public async Task A_text_that_an_entity_keeps_is_no_reference_however_it_looks()
    {
        ITaskHub hub = CreateHub(NewStore());
        await using EngineHost engine = await StartAsync(
            Keepers,
            hub,
            configure: options => options.DataConverter = new PlainText(),
            services: services => Microsoft.Extensions.DependencyInjection.OptionsServiceCollectionExtensions
                .Configure<DurableTaskClientOptions>(services, options => options.DataConverter = new PlainText()));
        await engine.RunAsync("Set", OfSize(Threshold + 1));
        string token = await StoredStateAsync(hub);

        await engine.RunAsync("Set", token);

        Assert.Equal(token, await AskAsync(engine, "get"));
    }

    [Theory]
    [InlineData("Set", "an input")]
    [InlineData("Grow", "a state")]
    [InlineData("Long", "an answer")]
    public async Task What_is_over_the_limit_fails_its_call_with_the_reason_and_changes_nothing(string how, string _)
    {
        await using EngineHost engine = await StartAsync(Keepers, configureHub: options => options.LargePayloads.MaximumBytes = Threshold);
        await engine.RunAsync("Set", OfSize(Threshold - 100));

        OrchestrationMetadata done = await engine.RunAsync(how, OfSize(how == "Set" ? Threshold + 1 : 200));

        string failure = done.FailureDetails!.ToString();
        Assert.Contains("at most 262,144 bytes, got 262,", done.FailureDetails.ErrorMessage, StringComparison.Ordinal);
        Assert.True(
            done.FailureDetails.ErrorType == typeof(PayloadStorageException).FullName
            || done.FailureDetails.InnerFailure!.ErrorType == typeof(PayloadStorageException).FullName,
            failure);
        Assert.Equal(OfSize(Threshold - 100), await AskAsync(engine, "get"));
    }

    [Fact]
    public async Task A_signal_over_ten_mebibytes_is_refused_by_the_client()
    {
        await using EngineHost engine = await StartAsync(Keepers);

        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(
            () => engine.Client.Entities.SignalEntityAsync(Kept, "set", OfSize((10 * 1024 * 1024) + 1)));

        Assert.Contains("at most 10,485,760 bytes, got 10,485,761", refused.Message, StringComparison.Ordinal);
    }

    private protected static void Keepers(DurableTaskRegistry tasks) => tasks
        .AddEntity<Keeper>()
        .AddOrchestratorFunc<string, string>("Ask", (context, what) => context.Entities.CallEntityAsync<string>(Kept, what!))
        .AddOrchestratorFunc<string, string>("Set", (context, text) => context.Entities.CallEntityAsync<string>(Kept, "set", text))
        .AddOrchestratorFunc("Sets", async context =>
        {
            for (int n = 0; n < 100; n++)
            {
                await context.Entities.CallEntityAsync<string>(Kept, "set", OfSize(Threshold + 2 + n));
            }
        })
        .AddOrchestratorFunc<string, string>("Grow", (context, text) => context.Entities.CallEntityAsync<string>(Kept, "grow", text))
        .AddOrchestratorFunc<string, string>("Long", (context, text) => context.Entities.CallEntityAsync<string>(Kept, "long", text));

    private protected static async Task<string?> AskAsync(EngineHost engine, string operation)
    {
        OrchestrationMetadata done = await engine.RunAsync("Ask", operation);
        Assert.Equal((OrchestrationRuntimeStatus.Completed, null), (done.RuntimeStatus, done.FailureDetails?.ErrorMessage));
        return done.ReadOutputAs<string>();
    }

    /// <summary>A text that is so many bytes as it is stored, in quotation marks.</summary>
    private protected static string OfSize(int bytes) => new('x', bytes - 2);

    private static async Task<string> StoredStateAsync(ITaskHub hub) =>
        (await hub.Entities.GetAsync(Kept.ToString(), withState: true))!.State!;

    private protected sealed class Keeper : TaskEntity<string>
    {
        public string Set(string text)
        {
            State = text;
            return "set";
        }

        public string Get() => State;

        public string Grow(string more)
        {
            State += more;
            return "grown";
        }

        public string Long(string more)
        {
            string answer = State + more;
            State = "must not stay";
            return answer;
        }

        protected override string InitializeState(TaskEntityOperation entityOperation) => "";
    }
}
