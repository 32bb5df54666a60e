using System.Collections.Immutable;
using System.Reflection;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace Microsoft.Azure.Functions.Worker.Discovery;

/// <summary>A function as it was declared, checked: exactly one trigger, every parameter bindable.</summary>
internal sealed class FunctionDescriptor : FunctionDefinition
{
    public FunctionDescriptor(string name, MethodInfo method, ImmutableArray<ParameterDescriptor> bindings)
    {
        Name = name;
        Method = method;
        Bindings = bindings;
        TriggerParameter = bindings.Single(static b => b.IsTrigger);
        Parameters = [.. bindings.Select(static b => b.Parameter)];
        InputBindings = bindings
            .Where(static b => b.Attribute is not null)
            .ToImmutableDictionary(
                static b => b.Parameter.Name,
                static b => (BindingMetadata)new InputMetadata(b.Parameter.Name, b.Attribute!),
                StringComparer.Ordinal);
    }

    public MethodInfo Method { get; }

    public ImmutableArray<ParameterDescriptor> Bindings { get; }

    public ParameterDescriptor TriggerParameter { get; }

    public TriggerBindingAttribute Trigger => (TriggerBindingAttribute)TriggerParameter.Attribute!;

    public override string Name { get; }

    public override string Id => Name;

    public override ImmutableArray<FunctionParameter> Parameters { get; }

    public override string PathToAssembly => Method.Module.FullyQualifiedName;

    public override string EntryPoint => $"{Method.DeclaringType!.FullName}.{Method.Name}";

    public override IImmutableDictionary<string, BindingMetadata> InputBindings { get; }

    public override IImmutableDictionary<string, BindingMetadata> OutputBindings => ImmutableDictionary<string, BindingMetadata>.Empty;

    private sealed class InputMetadata(string name, BindingAttribute attribute) : BindingMetadata
    {
        public override string Name { get; } = name;

        // httpTrigger, queueTrigger, durableClient ...: the attribute's name as host.json and the portal spell it.
        public override string Type { get; } = TypeName(attribute);

        public override BindingDirection Direction => BindingDirection.In;
    }

    internal static string TypeName(BindingAttribute attribute)
    {
        string name = attribute.GetType().Name.Replace("Attribute", "", StringComparison.Ordinal);
        return char.ToLowerInvariant(name[0]) + name[1..];
    }
}

/// <summary>One parameter with what fills it: an attribute, a converter of its own, or nothing but its name and type.</summary>
internal sealed record ParameterDescriptor(FunctionParameter Parameter, BindingAttribute? Attribute, Type? ConverterType)
{
    public bool IsTrigger => Attribute is TriggerBindingAttribute;
}
