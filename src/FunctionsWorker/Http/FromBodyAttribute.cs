using Microsoft.Azure.Functions.Worker.Converters;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>The parameter is the request's body: JSON of its type, or the plain text for a string. A bad body is answered with
/// 400.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public class FromBodyAttribute() : InputConverterAttribute(typeof(RequestBodyConverter))
{
}
