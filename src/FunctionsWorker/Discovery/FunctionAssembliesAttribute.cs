using System.ComponentModel;

namespace Microsoft.Azure.Functions.Worker.Discovery;

/// <summary>Says which of the assemblies that an assembly was compiled against may have functions too. For generated code.</summary>
/// <param name="names">Simple names.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class FunctionAssembliesAttribute(params string[] names) : Attribute
{
    public string[] Names { get; } = names;
}
