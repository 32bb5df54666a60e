namespace Microsoft.DurableTask.Analyzers.Activities;

/// <summary>A call of a task whose name is known at compile time.</summary>
/// <param name="GivesInput">It has an argument for the input, if only null.</param>
/// <param name="Input">The type of the input; null for no input, or for null.</param>
/// <param name="Output">The type that the caller wants back; null if it wants nothing.</param>
internal sealed record TaskCall(
    bool IsActivity, string Name, bool GivesInput, ITypeSymbol? Input, ITypeSymbol? Output, SyntaxNode Place)
{
    public static TaskCall? Read(IInvocationOperation call)
    {
        var name = call.Arguments.FirstOrDefault(static argument => argument.Parameter?.Ordinal == 0);
        if (name?.Value.ConstantText() is not { } text) return null;
        var input = call.Argument("input");
        var isGiven = input is { IsImplicit: false, ArgumentKind: ArgumentKind.Explicit };
        return new TaskCall(
            call.TargetMethod.Name == "CallActivityAsync",
            text,
            isGiven,
            isGiven ? ValueOf(input!.Value).Type : null,
            call.TargetMethod.TypeArguments.FirstOrDefault(),
            call.Syntax);
    }

    // without the conversion to object that the parameter brings
    private static IOperation ValueOf(IOperation value) =>
        value is IConversionOperation { IsImplicit: true } conversion ? ValueOf(conversion.Operand) : value;
}
