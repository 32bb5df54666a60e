namespace Microsoft.DurableTask.Analyzers;

internal static class OperationExtensions
{
    /// <summary>How messages name an API: <c>Task.Delay(int)</c>.</summary>
    public static string ShortName(this ISymbol symbol) => symbol.ToDisplayString(SymbolDisplayFormat.CSharpShortErrorMessageFormat);

    /// <summary>The operation and all in it, but what nameof only mentions.</summary>
    public static IEnumerable<IOperation> Everything(this IOperation root)
    {
        var open = new Stack<IOperation>();
        open.Push(root);
        while (open.Count > 0)
        {
            var operation = open.Pop();
            if (operation.Kind == OperationKind.NameOf) continue;
            yield return operation;
            foreach (var child in operation.ChildOperations.Reverse())
            {
                open.Push(child);
            }
        }
    }

    /// <summary>The operation without the conversions around it.</summary>
    public static IOperation Unconverted(this IOperation operation)
    {
        while (operation is IConversionOperation conversion)
        {
            operation = conversion.Operand;
        }

        return operation;
    }

    /// <summary>The text of a task name that is known at compile time: a constant, nameof, new TaskName("…"). Else null.</summary>
    public static string? ConstantText(this IOperation operation) => operation.Unconverted() switch
    {
        { ConstantValue: { HasValue: true, Value: string text } } => text,
        IObjectCreationOperation { Arguments.Length: 1 } creation => creation.Arguments[0].Value.ConstantText(),
        _ => null,
    };

    /// <summary>The argument for a parameter, whatever its place in the call; null if the method has no such parameter.</summary>
    public static IArgumentOperation? Argument(this IInvocationOperation call, string parameter) =>
        call.Arguments.FirstOrDefault(argument => argument.Parameter?.Name == parameter);
}
