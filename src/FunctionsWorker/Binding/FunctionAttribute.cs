namespace Microsoft.Azure.Functions.Worker;

/// <summary>Marks a method as a function. The name is unique in the application (letter case is ignored): up to 127 letters, digits, '-'
/// and '_'.</summary>
[AttributeUsage(AttributeTargets.Method)]
public class FunctionAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}
