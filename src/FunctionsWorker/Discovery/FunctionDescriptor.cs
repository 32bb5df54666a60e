using System.Collections.Immutable;
using System.Reflection;
using Microsoft.Azure.Functions.Worker.Converters;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;
using Microsoft.Azure.Functions.Worker.Invocation;

namespace Microsoft.Azure.Functions.Worker.Discovery;

/// <summary>A function as it was declared, checked: exactly one trigger, every parameter bindable.</summary>
internal sealed class FunctionDescriptor : FunctionDefinition
{
    private Func<object?, object?[], ValueTask<object?>>? _call;

    public FunctionDescriptor(
        string name,
        MethodInfo method,
        ImmutableArray<ParameterDescriptor> bindings,
        ImmutableArray<OutputDescriptor> outputs = default,
        FunctionRetry? retry = null)
    {
        Name = name;
        Method = method;
        Bindings = bindings;
        TriggerParameter = bindings.Single(static b => b.IsTrigger);
        LogCategory = "Function." + name;
        TriggerType = TypeName(Trigger).Replace("Trigger", "", StringComparison.Ordinal);
        Parameters = [.. bindings.Select(static b => b.Parameter)];
        InputBindings = bindings
            .Where(static b => b.Attribute is not null)
            .ToImmutableDictionary(
                static b => b.Parameter.Name,
                static b => (BindingMetadata)new InputMetadata(b.Parameter.Name, b.Attribute!),
                StringComparer.Ordinal);
        Outputs = outputs.IsDefault ? [] : outputs;
        OutputBindings = Outputs.ToImmutableDictionary(
            static o => o.Name, static o => (BindingMetadata)new OutputMetadata(o), StringComparer.Ordinal);
        Retry = retry;
    }

    /// <summary>Calls the method on an instance (null for a static one) and waits for it.</summary>
    public Func<object?, object?[], ValueTask<object?>> Call => _call ??= FunctionMethod.Compile(Method);

    public ImmutableArray<OutputDescriptor> Outputs { get; }

    /// <summary>Null when a failure of the function is final for the host.</summary>
    public FunctionRetry? Retry { get; }

    public MethodInfo Method { get; }

    public ImmutableArray<ParameterDescriptor> Bindings { get; }

    public ParameterDescriptor TriggerParameter { get; }

    public TriggerBindingAttribute Trigger => (TriggerBindingAttribute)TriggerParameter.Attribute!;

    /// <summary>The trigger's name in short: <c>http</c>, <c>queue</c>, <c>timer</c>, <c>activity</c> ...</summary>
    public string TriggerType { get; }

    /// <summary>What the host logs about this function has this category, as with the Azure host.</summary>
    public string LogCategory { get; }

    public override string Name { get; }

    public override string Id => Name;

    public override ImmutableArray<FunctionParameter> Parameters { get; }

    public override string PathToAssembly => Method.Module.FullyQualifiedName;

    public override string EntryPoint => $"{Method.DeclaringType!.FullName}.{Method.Name}";

    public override IImmutableDictionary<string, BindingMetadata> InputBindings { get; }

    public override IImmutableDictionary<string, BindingMetadata> OutputBindings { get; }

    private sealed class InputMetadata(string name, BindingAttribute attribute) : BindingMetadata
    {
        public override string Name { get; } = name;

        // httpTrigger, queueTrigger, durableClient ...: the attribute's name as host.json and the portal spell it.
        public override string Type { get; } = TypeName(attribute);

        public override BindingDirection Direction => BindingDirection.In;
    }

    private sealed class OutputMetadata(OutputDescriptor output) : BindingMetadata
    {
        public override string Name => output.Name;

        public override string Type => output.TypeName;

        public override BindingDirection Direction => BindingDirection.Out;
    }

    internal static string TypeName(BindingAttribute attribute)
    {
        string name = attribute.GetType().Name
            .Replace("Attribute", "", StringComparison.Ordinal)
            .Replace("Output", "", StringComparison.Ordinal);
        return char.ToLowerInvariant(name[0]) + name[1..];
    }
}

/// <summary>One parameter with what fills it: an attribute, converters of its own, or nothing but its name and type.</summary>
internal sealed record ParameterDescriptor(FunctionParameter Parameter, BindingAttribute? Attribute, ImmutableArray<Type> Converters)
{
    /// <summary>Where the attribute is found in <see cref="FunctionParameter.Properties"/>.</summary>
    public const string AttributeProperty = "bindingAttribute";

    public bool IsTrigger => Attribute is TriggerBindingAttribute;

    /// <summary>Whether the registered converters are asked after its own.</summary>
    public bool AllowsFallback { get; } =
        Attribute?.GetType().GetCustomAttribute<ConverterFallbackBehaviorAttribute>()?.Behavior != ConverterFallbackBehavior.Disallow;
}
