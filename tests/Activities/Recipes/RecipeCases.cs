namespace Heal.Activities.Tests;

/// <summary>The worlds of all actions, by the kind of thing that they act on.</summary>
internal static class RecipeCases
{
    public static readonly RecipeCase[] All =
    [
        .. WorkloadCases.All, .. NodeCases.All, .. ObjectCases.All, .. SourceCases.All, .. CredentialCases.All,
        .. RestoreCases.All, .. UsageCases.All, .. ClaimCases.All, .. PlatformCases.All, .. CleanupCases.All,
    ];

    /// <summary>One of them, or the rollback, which is no recipe and has tests of its own beside these.</summary>
    public static RecipeCase Named(string name) => All.Append(RollbackCase.Case).Single(candidate => candidate.Name == name);
}
