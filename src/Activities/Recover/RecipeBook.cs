namespace Heal.Activities;

/// <summary>Every recipe of this program. The roles of <c>deploy/kubernetes</c> and the list in <c>docs</c> are written from it.</summary>
internal static class RecipeBook
{
    public static IReadOnlyList<IRecipe> All { get; } =
    [
        new RestartPod(),
        new RolloutRestart(),
        new ScaleWorkload(),
        new PauseRollout(pauses: true),
        new PauseRollout(pauses: false),
        new RaiseResource("memory"),
        new RaiseResource("cpu"),
        new PatchHpaMax(),
        new RelaxPdb(),
        new CordonNode(),
        new UncordonNode(),
        new TaintNode(),
        new UntaintNode(),
        new DrainNode(),
        new DeleteStuckPod(stateful: false),
        new DeleteStuckPod(stateful: true),
        new QuarantinePod(),
        new PatchConfig(),
        new FixServiceSelector(),
        new FixServicePort(),
        new RemoveNetworkPolicy(),
        new RerunJob(),
        new DeleteFailedJob(),
        new ExpandPvc(),
        new SnapshotPvc(),
        new HelmRollback(),
        new GitRevert(),
        new FenceNode(),
        new RefreshPullSecret(),
        new RenewCertificate(),
        new RestoreDeletedObject(),
        new RightSize(),
        new RecreateClaim(),
        new SilenceAlert(),
        new SendMessage(ticket: false),
        new SendMessage(ticket: true),
        new CollectDiagnostics(),
        new BackupClaim(),
        new ScaleNodePool(),
        new RemoveAuthorizationPolicy(),
        new DefragEtcd(),
        new CleanupPath(),
        new PurgeQuarantine(),
    ];

    public static IRecipe Find(string id) => All.First(recipe => recipe.Descriptor.Id == id);
}
