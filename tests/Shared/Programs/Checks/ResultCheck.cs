using DurableTask.Core;
using DurableTask.Core.Hub;

namespace Heal.Shared.Tests.Programs.Checks;

/// <summary>The end that an instance came to is that of the model.</summary>
internal static class ResultCheck
{
    public static void IsAsExpected(InstanceState state, Expected expected)
    {
        string output = state.Status == OrchestrationStatus.Failed ? state.Failure!.ErrorMessage : state.Output ?? "";
        if (state.Status != expected.Status || output != $"{expected.Output}")
        {
            throw new Violation(
                "results are those of the model",
                $"'{state.InstanceId}' expected {expected.Status} {expected.Output}, got {state.Status} {output} {state.Failure}");
        }

        if (state.Status != OrchestrationStatus.Terminated && state.CustomStatus != expected.CustomStatus?.ToString())
        {
            throw new Violation(
                "results are those of the model",
                $"'{state.InstanceId}' expected the custom status {expected.CustomStatus}, got {state.CustomStatus}");
        }
    }
}
