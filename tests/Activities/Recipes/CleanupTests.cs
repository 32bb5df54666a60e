using Heal.Drivers.Kubernetes.Pods;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Where nothing is cleaned up, and what a dry run lists.</summary>
public sealed class CleanupTests(Shop shop) : IClassFixture<Shop>
{
    private readonly LeapingTime _time = new();

    [Theory]
    [InlineData("/var/cache/app", null)]
    [InlineData("/var/cache/app/sub", null)]
    [InlineData("/var/cache/apple", "does not allow")]
    [InlineData("/var/cache", "does not allow")]
    [InlineData("/var/cache/app/../other", "expected an absolute path")]
    [InlineData("/var/cache/app/*", "expected an absolute path")]
    [InlineData("/", "expected an absolute path")]
    [InlineData("relative", "expected an absolute path")]
    public void Only_what_the_settings_allow_is_touched(string path, string? objection)
    {
        var said = new CleanupOptions { Paths = { "/var/cache/app/" } }.Objection(path);

        if (objection is null) Assert.Null(said);
        else Assert.Contains(objection, said);
    }

    [Fact]
    public async Task A_dry_run_lists_what_would_be_set_aside_and_how_much_it_is()
    {
        var (_, _, action, request) = await ArrangeAsync();

        var result = await action.DryRunAsync(request, CancellationToken.None);

        Assert.Equal(ActionStatus.Rehearsed, result.Status);
        Assert.Contains("sets 2 files of 1Mi aside", result.Detail);
        Assert.Contains("big one's.log, deep/er/$(touch oops).log", result.Detail);
    }

    [Fact]
    public async Task What_was_made_anew_in_the_place_of_a_file_is_not_overwritten_by_the_inverse()
    {
        var (stall, target, action, request) = await ArrangeAsync();
        Assert.True((await action.RunAsync(request, CancellationToken.None)).IsApplied);
        var anew = Path.Combine(stall.Notes["root"], "big one's.log");
        await File.WriteAllTextAsync(anew, "new");

        var undone = await action.UndoAsync(
            new UndoRequest($"{request.Key}/undo", request.Key, request.IncidentId, "cleanup_path", target), CancellationToken.None);

        Assert.Equal(ActionStatus.ChangedByOther, undone.Status);
        Assert.Equal("new", await File.ReadAllTextAsync(anew));
    }

    [Fact]
    public async Task In_the_end_what_was_set_aside_is_deleted_and_what_that_freed_is_measured()
    {
        var (stall, target, action, request) = await ArrangeAsync(isBig: true);
        var until = DateTimeOffset.UtcNow.AddHours(1);

        var applied = await action.RunAsync(request with { ExpiresAt = until }, CancellationToken.None);
        var ended = await action.UndoAsync(End(request, target), CancellationToken.None);
        var again = await action.UndoAsync(End(request, target), CancellationToken.None);
        var undone = await action.UndoAsync(End(request, target) with { Settles = false }, CancellationToken.None);

        Assert.True(applied.IsApplied, $"{applied.Status}: {applied.Detail}");
        Assert.Contains($"257Mi are set aside, which frees nothing before they are deleted, at {until:u}", applied.Detail);
        Assert.True(ended.IsApplied, $"{ended.Status}: {ended.Detail}");
        Assert.Contains("257Mi were deleted", ended.Detail);
        Assert.Equal((ended.Status, ended.Detail), (again.Status, again.Detail));
        Assert.Equal("deep/er/$(touch oops).log|new.log|small.log", CleanupCases.Left(stall));
        Assert.Equal(ActionStatus.Failed, undone.Status);
        Assert.Contains("was given up from", undone.Detail);
        Assert.True(undone.IsFinal);
        var row = await shop.Store.FindOperationAsync($"{request.Key}/undo", CancellationToken.None);
        Assert.Equal(("cleanup_path_purge", OperationState.Confirmed), (row!.ActionId, row.State));
    }

    [Fact]
    public async Task What_was_brought_back_before_its_time_is_not_deleted()
    {
        var (stall, target, action, request) = await ArrangeAsync();
        var before = CleanupCases.Left(stall);
        await action.RunAsync(request, CancellationToken.None);
        var undone = await action.UndoAsync(End(request, target) with { Settles = false }, CancellationToken.None);

        var ended = await action.UndoAsync(End(request, target), CancellationToken.None);

        Assert.True(undone.IsApplied, undone.Detail);
        Assert.Equal((undone.Status, undone.Detail), (ended.Status, ended.Detail));
        Assert.Equal(before, CleanupCases.Left(stall));
    }

    [Fact]
    public async Task A_deletion_after_which_no_more_is_free_is_not_said_to_have_freed_anything()
    {
        var (stall, target, action, request) = await ArrangeAsync(isBig: true);
        await action.RunAsync(request, CancellationToken.None);

        // A second name, elsewhere on the same file system: the file stays where it is.
        var kept = Directory.CreateTempSubdirectory("heal-test-").FullName;
        stall.Cleanup.Paths.Add(kept);
        var aside = Directory.GetFiles(stall.Notes["root"], "huge.log", SearchOption.AllDirectories).Single();
        await new LocalContainers().ExecAsync("", "", new ExecOptions { Command = ["ln", aside, $"{kept}/huge.log"] });
        await Assert.ThrowsAsync<EffectPendingException>(() => action.UndoAsync(End(request, target), CancellationToken.None));
        _time.Leap(TimeSpan.FromMinutes(3));

        var ended = await action.UndoAsync(End(request, target), CancellationToken.None);

        Assert.Equal(ActionStatus.NoEffect, ended.Status);
        Assert.Contains("they have a second name", ended.Detail);
    }

    [Theory]
    [InlineData("before intend")]
    [InlineData("after intend")]
    [InlineData(DoomedAction.AfterWrite)]
    [InlineData("before confirm")]
    public async Task A_deletion_that_is_killed_at_any_point_goes_on(string at)
    {
        var (stall, target, action, request) = await ArrangeAsync(isBig: true);
        await action.RunAsync(request, CancellationToken.None);
        await new DoomedAction(shop.Facts, "cleanup_path", request, at) { End = End(request, target) }.DieAsync();

        var ended = await action.UndoAsync(End(request, target), CancellationToken.None);

        Assert.True(ended.IsApplied, $"{ended.Status}: {ended.Detail}");
        Assert.Equal("deep/er/$(touch oops).log|new.log|small.log", CleanupCases.Left(stall));
        var row = await shop.Store.FindOperationAsync($"{request.Key}/undo", CancellationToken.None);
        Assert.Equal((OperationState.Confirmed, ActionStatus.Applied), (row!.State, row.Status!.Value));
    }

    [Fact]
    public async Task What_was_set_aside_when_its_process_died_half_way_is_deleted_too()
    {
        var (stall, target, action, request) = await ArrangeAsync(isBig: true);
        await Assert.ThrowsAsync<KilledException>(() =>
            Action(new KilledStore(shop.Store, "after intend")).RunAsync(request, CancellationToken.None));
        var row = await shop.Store.FindOperationAsync(request.Key, CancellationToken.None);
        var step = (SetAsideEffect)ActionImage.From(row!).Steps[0];
        var aside = Path.Combine(step.Root, step.Folder, "huge.log");
        Directory.CreateDirectory(Path.GetDirectoryName(aside)!);
        File.Move(Path.Combine(step.Root, "huge.log"), aside);

        var ended = await action.UndoAsync(End(request, target), CancellationToken.None);

        Assert.True(ended.IsApplied, $"{ended.Status}: {ended.Detail}");
        Assert.Equal("big one's.log|deep/er/$(touch oops).log|new.log|small.log", CleanupCases.Left(stall));
    }

    [Fact]
    public async Task A_look_after_the_time_was_up_does_not_blame_somebody_for_the_files()
    {
        var (_, target, action, request) = await ArrangeAsync(isBig: true);
        await action.RunAsync(request, CancellationToken.None);
        Assert.True((await action.UndoAsync(End(request, target), CancellationToken.None)).IsApplied);

        var look = await action.LookAsync(request.Key, target, CancellationToken.None);

        Assert.True(look.Verdict == VerificationVerdict.Healthy, look.Detail);
        Assert.Contains("what was set aside is given up", look.Detail);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_move_that_ended_half_way_is_no_operation_without_effect_and_can_be_taken_back_or_made_final(bool settles)
    {
        var (stall, target, action, request) = await ArrangeAsync(isBig: true);
        var before = CleanupCases.Left(stall);
        var half = new RecipeAction(RecipeBook.Find("cleanup_path"), new ActionTools(
            new WatchedClient(shop.Client), shop.Store, new Rig.Allowed(), _time,
            Given: shop.Ports with { Sessions = new HalfwayContainers() }));

        var result = await half.RunAsync(request, CancellationToken.None);
        var row = await shop.Store.FindOperationAsync(request.Key, CancellationToken.None);
        var ended = await action.UndoAsync(End(request, target) with { Settles = settles }, CancellationToken.None);

        Assert.True(result.Status == ActionStatus.NoEffect, $"{result.Status}: {result.Detail}");
        Assert.Contains("1 of 2 files are set aside", result.Detail);
        Assert.Equal(OperationState.Confirmed, row!.State);
        Assert.True(ended.IsApplied, $"{ended.Status}: {ended.Detail}");
        Assert.Equal(settles ? before.Replace("huge.log|", "", StringComparison.Ordinal) : before, CleanupCases.Left(stall));
    }

    // Moves the first file, and then the connection breaks.
    private sealed class HalfwayContainers : IPodSessions
    {
        private readonly LocalContainers _inner = new();

        public IAsyncEnumerable<PodLogLine> FollowLogAsync(
            string ns, string pod, LogFollowOptions? options = null, CancellationToken cancellationToken = default) =>
            _inner.FollowLogAsync(ns, pod, options, cancellationToken);

        public async Task<ExecResult> ExecAsync(
            string ns, string pod, ExecOptions options, CancellationToken cancellationToken = default)
        {
            // sh -c, the script, its name, the root, the folder, the files.
            const int First = 6;
            var isMove = options.Command.Any(word => word.Contains("mv ", StringComparison.Ordinal));
            if (!isMove) return await _inner.ExecAsync(ns, pod, options, cancellationToken);
            await _inner.ExecAsync(ns, pod, options with { Command = [.. options.Command.Take(First + 1)] }, cancellationToken);
            throw new PodExecException(pod, options.Container ?? "", "the connection broke");
        }
    }

    private static UndoRequest End(ActionRequest request, TargetReference target) =>
        new($"{request.Key}/undo", request.Key, request.IncidentId, "cleanup_path", target) { Settles = true };

    private RecipeAction Action(IHealStore store) => new(RecipeBook.Find("cleanup_path"), new ActionTools(
        new WatchedClient(shop.Client), store, new Rig.Allowed(), _time, Given: shop.Ports));

    private async Task<(Stall Stall, TargetReference Target, RecipeAction Action, ActionRequest Request)> ArrangeAsync(bool isBig = false)
    {
        var item = RecipeCases.All.Single(candidate => candidate.Name == "cleanup_path");
        var stall = await shop.OpenAsync();
        var target = await item.Arrange(stall);
        if (isBig) CleanupCases.Big(Path.Combine(stall.Notes["root"], "huge.log"));
        return (stall, target, Action(shop.Store), item.Request(stall, target));
    }
}
