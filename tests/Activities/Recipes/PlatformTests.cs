using Heal.Healing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Activities.Tests;

/// <summary>Alerts, messages and the store of the API server: what goes beyond what holds for every action.</summary>
public sealed class PlatformTests(Shop shop) : IClassFixture<Shop>
{
    private readonly LeapingTime _time = new();

    [Fact]
    public async Task A_silence_ends_by_itself_with_its_time_limit_and_its_inverse_finds_it_ended()
    {
        var (stall, target, request) = await ArrangeAsync("silence_alert");
        var until = DateTimeOffset.UtcNow.AddHours(1);
        await Action("silence_alert").RunAsync(request with { ExpiresAt = until }, CancellationToken.None);

        var silence = Assert.Single(stall.Desk.InForce(stall.Namespace)).DeepClone();
        stall.Desk.EndAll(stall.Namespace);
        var undone = await Action("silence_alert").UndoAsync(
            new UndoRequest($"{request.Key}/undo", request.Key, request.IncidentId, "silence_alert", target), CancellationToken.None);

        Assert.Equal(until, DateTimeOffset.Parse(silence.Text("endsAt")!, null), TimeSpan.FromMilliseconds(1));
        Assert.Contains(request.Key, silence.Text("comment"));
        Assert.Equal((ActionStatus.Applied, "everything is back as it was already"), (undone.Status, undone.Detail));
    }

    [Fact]
    public async Task The_answer_of_a_message_has_the_receivers_id_for_it_and_that_of_a_silence_has_its_id()
    {
        foreach (var (id, said) in ((string, string)[])[("notify", "(the receiver calls it T-17)"), ("silence_alert", "(silence silence-")])
        {
            var (_, _, request) = await ArrangeAsync(id);

            var result = await Action(id).RunAsync(request, CancellationToken.None);

            Assert.True(result.IsApplied, result.Detail);
            Assert.Contains(said, result.Detail);
        }
    }

    [Fact]
    public async Task The_evidence_that_was_kept_is_that_of_the_target_and_is_no_look_of_the_incident()
    {
        var (stall, target, request) = await ArrangeAsync("collect_diagnostics");

        var result = await Action("collect_diagnostics").RunAsync(request, CancellationToken.None);

        Assert.True(result.IsApplied, result.Detail);
        var reference = Assert.Single(await stall.Kept.ListAsync(request.IncidentId, CancellationToken.None));
        Assert.True(reference.Step >= 1_000_000, $"step {reference.Step}");
        var bundle = await stall.Kept.FindAsync(reference, CancellationToken.None);
        Assert.Equal((target, 1), (bundle!.Target, bundle.Workload!.DesiredReplicas));
        Assert.Contains($"step {reference.Step} of {request.IncidentId}", result.Detail);
    }

    [Fact]
    public async Task A_silence_that_somebody_ended_early_is_said_to_be_superseded()
    {
        var (stall, target, request) = await ArrangeAsync("silence_alert");
        await Action("silence_alert").RunAsync(request, CancellationToken.None);
        stall.Desk.EndAll(stall.Namespace);

        var look = await Action("silence_alert").LookAsync(request.Key, target, CancellationToken.None);

        Assert.Equal(VerificationVerdict.Superseded, look.Verdict);
        Assert.Contains("somebody ended silence", look.Detail);
    }

    [Fact]
    public async Task Without_their_settings_they_refuse_and_name_them()
    {
        foreach (var (id, setting) in ((string, string)[])[
            ("silence_alert", "Heal:Alerts:AlertmanagerUrl"), ("notify", "Heal:Notify"), ("open_ticket", "Heal:Notify"),
            ("remove_authz_policy", "Heal:Prometheus:Url"), ("defrag_etcd", "Heal:Etcd:Endpoints")])
        {
            var (_, _, request) = await ArrangeAsync(id);

            var result = await Action(id, new ActionPorts()).RunAsync(request, CancellationToken.None);

            Assert.Equal(ActionStatus.Refused, result.Status);
            Assert.Contains(setting, result.Detail);
        }
    }

    [Fact]
    public async Task A_message_whose_process_died_before_the_ledger_knew_is_the_same_message_when_it_is_sent_again()
    {
        var (stall, _, request) = await ArrangeAsync("notify");
        var store = new KilledStore(shop.Store, "before confirm");
        await Assert.ThrowsAsync<KilledException>(() => Action("notify", store: store).RunAsync(request, CancellationToken.None));
        var posts = stall.Desk.Posts;

        // Another process: it does not know what the first one sent.
        var result = await Action("notify", shop.Ports with { Messenger = stall.Desk.NewMessenger() })
            .RunAsync(request, CancellationToken.None);

        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal(posts + 1, stall.Desk.Posts);
        Assert.Single(stall.Desk.Messages, message => message.Key == request.Key);
    }

    [Theory]
    [InlineData(400, ActionStatus.Refused)]
    [InlineData(503, ActionStatus.Blocked)]
    public async Task A_message_that_is_not_taken_is_not_said_to_be_sent(int status, ActionStatus expected)
    {
        var (stall, _, request) = await ArrangeAsync("notify");
        stall.Desk.Status = status;
        try
        {
            if (status == 503)
            {
                await Assert.ThrowsAsync<EffectPendingException>(() => Action("notify").RunAsync(request, CancellationToken.None));
                _time.Leap(TimeSpan.FromMinutes(3));
            }

            var result = await Action("notify").RunAsync(request, CancellationToken.None);

            Assert.Equal(expected, result.Status);
            Assert.DoesNotContain(stall.Desk.Messages, message => message.Key == request.Key);
        }
        finally
        {
            stall.Desk.Status = 200;
        }
    }

    [Fact]
    public async Task An_escalation_is_told_to_people_once_however_often_its_activity_runs()
    {
        var (stall, handOff) = (await shop.OpenAsync(), HandOff("incident-told"));
        var activity = Escalate(stall.Desk.NewMessenger());

        await activity.RunAsync(null!, handOff);
        await activity.RunAsync(null!, handOff);

        var message = Assert.Single(stall.Desk.Messages, message => message.Value.Text("incidentId") == "incident-told").Value;
        Assert.Equal("Deployment shop/web: Escalated", message.Text("title"));
        Assert.Contains("Reason: nothing helped", message.Text("text"));
    }

    [Fact]
    public async Task An_escalation_waits_for_a_receiver_that_is_away_and_then_goes_on_without_it()
    {
        var (stall, handOff) = (await shop.OpenAsync(), HandOff("incident-untold"));
        stall.Desk.Status = 503;
        try
        {
            await Assert.ThrowsAsync<MessageException>(() => Escalate(stall.Desk.NewMessenger()).RunAsync(null!, handOff));
            _time.Leap(EscalateActivity.TriedFor + TimeSpan.FromMinutes(1));

            Assert.True(await Escalate(stall.Desk.NewMessenger()).RunAsync(null!, handOff));
        }
        finally
        {
            stall.Desk.Status = 200;
        }
    }

    [Fact]
    public async Task The_leader_of_etcd_is_defragmented_last()
    {
        var (stall, _, request) = await ArrangeAsync("defrag_etcd");

        var result = await Action("defrag_etcd").RunAsync(request, CancellationToken.None);

        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal([1, 2, 0], stall.Etcd.Order);
        Assert.Contains("2400 Mi before, 360 Mi now", result.Detail);
    }

    [Fact]
    public async Task An_etcd_with_a_member_that_the_settings_do_not_name_is_not_touched()
    {
        var (stall, _, request) = await ArrangeAsync("defrag_etcd");
        stall.Etcd.Known = 4;

        var result = await Action("defrag_etcd").RunAsync(request, CancellationToken.None);

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("it has 4 members, setting Heal:Etcd:Endpoints names 3", result.Detail);
        Assert.Empty(stall.Etcd.Order);
    }

    private EscalateActivity Escalate(IMessenger messenger) =>
        new(shop.HandOffs, messenger, _time, NullLogger<EscalateActivity>.Instance);

    private HandOff HandOff(string incident) => new(
        incident, new TargetReference("test", TargetKinds.Deployment, "shop", "web"), OutcomeKind.Escalated, "nothing helped",
        new EscalationSetting("on-call", "Look at it."), Some.Signal("f"), null, null, null, [], _time.GetUtcNow());

    private RecipeAction Action(string id, ActionPorts? ports = null, IHealStore? store = null) => new(RecipeBook.Find(id), new ActionTools(
        new WatchedClient(shop.Client), store ?? shop.Store, new Rig.Allowed(), _time, Given: ports ?? shop.Ports));

    private async Task<(Stall Stall, TargetReference Target, ActionRequest Request)> ArrangeAsync(string id)
    {
        var item = RecipeCases.All.Single(candidate => candidate.Name == id);
        var stall = await shop.OpenAsync();
        var target = await item.Arrange(stall);
        return (stall, target, item.Request(stall, target));
    }
}
