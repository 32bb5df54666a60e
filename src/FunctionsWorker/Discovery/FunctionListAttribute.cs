using System.ComponentModel;

namespace Microsoft.Azure.Functions.Worker.Discovery;

/// <summary>Says where an assembly's functions are listed. For generated code.</summary>
/// <param name="list">A <see cref="FunctionList"/> with a constructor without parameters.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class FunctionListAttribute(Type list) : Attribute
{
    public Type List { get; } = list;
}
