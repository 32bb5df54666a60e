using System.Reflection;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace Microsoft.Azure.Functions.Worker.Discovery;

/// <summary>Something that the host hands on after a function: what it returned as a whole, or one property of it.</summary>
/// <param name="Property">Null for the whole.</param>
internal sealed record OutputDescriptor(string Name, OutputBindingAttribute Attribute, PropertyInfo? Property)
{
    public const string WholeName = "$return";

    /// <summary>It answers the request.</summary>
    public bool IsReply => Attribute is HttpResultAttribute;

    public string TypeName => IsReply ? "http" : FunctionDescriptor.TypeName(Attribute);
}
