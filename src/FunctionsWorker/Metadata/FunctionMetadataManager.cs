using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;
using Microsoft.Azure.Functions.Worker.Hosting;

namespace Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;

/// <summary>Lists functions.</summary>
public interface IFunctionMetadataProvider
{
    /// <param name="directory">Where the application is. The host's own provider does not need it.</param>
    Task<ImmutableArray<IFunctionMetadata>> GetFunctionMetadataAsync(string directory);
}

/// <summary>Lists the functions of the application, after its <see cref="IFunctionMetadataTransformer"/>s.</summary>
public interface IFunctionMetadataManager
{
    /// <inheritdoc cref="IFunctionMetadataProvider.GetFunctionMetadataAsync"/>
    Task<ImmutableArray<IFunctionMetadata>> GetFunctionMetadataAsync(string directory);
}

/// <summary>Registered by the application: changes the list that <see cref="IFunctionMetadataManager"/> gives. What the host runs is
/// decided by the declarations alone.</summary>
public interface IFunctionMetadataTransformer
{
    string Name { get; }

    void Transform(IList<IFunctionMetadata> original);
}

internal sealed class FunctionMetadataManager(
    IFunctionMetadataProvider provider, IEnumerable<IFunctionMetadataTransformer> transformers) : IFunctionMetadataManager
{
    public async Task<ImmutableArray<IFunctionMetadata>> GetFunctionMetadataAsync(string directory)
    {
        List<IFunctionMetadata> functions = [.. await provider.GetFunctionMetadataAsync(directory)];
        foreach (IFunctionMetadataTransformer transformer in transformers)
        {
            transformer.Transform(functions);
        }

        return [.. functions];
    }
}

/// <summary>The functions that the host found.</summary>
internal sealed class CatalogMetadataProvider(HostPlan plan) : IFunctionMetadataProvider
{
    public Task<ImmutableArray<IFunctionMetadata>> GetFunctionMetadataAsync(string directory) =>
        Task.FromResult<ImmutableArray<IFunctionMetadata>>([.. plan.Catalog.Functions.Select(Describe)]);

    private static DefaultFunctionMetadata Describe(FunctionDescriptor function) => new()
    {
        Name = function.Name,
        EntryPoint = function.EntryPoint,
        ScriptFile = Path.GetFileName(function.PathToAssembly),
        Language = "dotnet-isolated",
        RawBindings =
        [
            .. function.Bindings.Where(static b => b.Attribute is not null).Select(static b => Json(b.Parameter.Name, "In",
                FunctionDescriptor.TypeName(b.Attribute!), b.Attribute!)),
            .. function.Outputs.Select(static o => Json(o.Name, "Out", o.TypeName, o.Attribute)),
        ],
        Retry = function.Retry is not { } retry ? null : retry.MinimumDelay == retry.MaximumDelay
            ? new DefaultRetryOptions { MaxRetryCount = retry.MaxRetryCount, DelayInterval = retry.MinimumDelay }
            : new DefaultRetryOptions
            {
                MaxRetryCount = retry.MaxRetryCount,
                MinimumInterval = retry.MinimumDelay,
                MaximumInterval = retry.MaximumDelay,
            },
    };

    private static string Json(string name, string direction, string type, BindingAttribute attribute)
    {
        var json = new JsonObject { ["name"] = name, ["direction"] = direction, ["type"] = type };
        foreach (PropertyInfo property in attribute.GetType().GetProperties().Where(static p => p.DeclaringType != typeof(Attribute)))
        {
            string key = property.GetCustomAttribute<BindingPropertyNameAttribute>()?.BindingPropertyName
                ?? JsonNamingPolicy.CamelCase.ConvertName(property.Name);
            if (property.GetValue(attribute) is { } value)
            {
                json[key] = value is Enum text ? text.ToString() : JsonSerializer.SerializeToNode(value, value.GetType());
            }
        }

        return json.ToJsonString();
    }
}
