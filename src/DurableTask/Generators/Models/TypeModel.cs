namespace Microsoft.DurableTask.Generators.Models;

internal enum Visibility
{
    /// <summary>Not even this assembly's generated code sees it: private, protected or local to a file.</summary>
    Hidden,
    Internal,
    Public,
}

/// <summary>A type as generated code spells it.</summary>
/// <param name="Name">Fully qualified, with its question mark if it has one.</param>
/// <param name="IsOptional">Null is a value of it by declaration, so that an argument can be left out.</param>
internal sealed record TypeModel(string Name, bool IsOptional, Visibility Visibility)
{
    public static readonly TypeModel AnyObject = new("object?", IsOptional: true, Visibility.Public);
}
