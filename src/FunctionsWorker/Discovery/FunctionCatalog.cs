using System.Collections.Immutable;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Azure.Functions.Worker.Converters;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;
using Microsoft.Azure.Functions.Worker.Http;

namespace Microsoft.Azure.Functions.Worker.Discovery;

/// <summary>
/// All functions of the application, known once at start. Faulty declarations are collected, not thrown one by one: what becomes of their
/// functions decides <see cref="Hosting.HostPlan"/>.
/// </summary>
internal sealed partial class FunctionCatalog
{
    private static readonly Type[] HubTriggers =
        [typeof(OrchestrationTriggerAttribute), typeof(ActivityTriggerAttribute), typeof(EntityTriggerAttribute)];

    private FunctionCatalog(ImmutableArray<FunctionDescriptor> functions, FunctionFaults faults, IReadOnlySet<string> ofHub)
    {
        Functions = functions;
        Faults = faults;
        OfHub = ofHub;
    }

    /// <summary>Those that are declared well.</summary>
    public ImmutableArray<FunctionDescriptor> Functions { get; }

    /// <summary>What is wrong with the others, and what turns out to be wrong later.</summary>
    public FunctionFaults Faults { get; }

    /// <summary>Names of the functions, well declared or not, that instances in the hub may need; so may one without a trigger.</summary>
    public IReadOnlySet<string> OfHub { get; }

    public IEnumerable<(FunctionDescriptor Function, TTrigger Trigger)> Triggered<TTrigger>()
        where TTrigger : TriggerBindingAttribute => Functions
            .Where(static f => f.Trigger is TTrigger)
            .Select(static f => (f, (TTrigger)f.Trigger));

    public FunctionCatalog Without(IReadOnlySet<string> names) => new([.. Functions.Where(f => !names.Contains(f.Name))], Faults, OfHub);

    /// <summary>Reads the lists of the assemblies that have one, and looks at every method of the others.</summary>
    public static FunctionCatalog Read(IEnumerable<Assembly> assemblies) => Of(assemblies.SelectMany(DeclaredFunctions.Of));

    /// <summary>Takes methods that are known to be functions, from wherever they are known, and checks their declarations.</summary>
    public static FunctionCatalog Of(IEnumerable<(string Name, MethodInfo Method)> declared)
    {
        var faults = new FunctionFaults();
        var functions = new List<FunctionDescriptor>();
        var ofHub = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, MethodInfo method) in declared)
        {
            if (IsOfHub(method))
            {
                ofHub.Add(name);
            }

            if (TryDescribe(name, method, faults.Of(name)) is { } function)
            {
                functions.Add(function);
            }
        }

        foreach (IGrouping<string, FunctionDescriptor> same in functions.GroupBy(static f => f.Name, StringComparer.OrdinalIgnoreCase))
        {
            if (same.Count() > 1)
            {
                faults.Of(same.Key).Add($"function '{same.Key}': declared {same.Count()} times, expected once: "
                    + string.Join(", ", same.Select(static f => f.EntryPoint)));
            }
        }

        IReadOnlySet<string> faulty = faults.Functions;
        return new(
            [.. functions.Where(f => !faulty.Contains(f.Name)).OrderBy(static f => f.Name, StringComparer.OrdinalIgnoreCase)],
            faults,
            ofHub);
    }

    private static bool IsOfHub(MethodInfo method)
    {
        // By their types, which are known even of attributes that cannot be made.
        Type[] triggers =
        [
            .. method.GetParameters()
                .SelectMany(static p => p.CustomAttributes)
                .Select(static a => a.AttributeType)
                .Where(static t => t.IsAssignableTo(typeof(TriggerBindingAttribute))),
        ];
        return triggers.Length == 0 || Array.Exists(triggers, static t => HubTriggers.Contains(t));
    }

    private static FunctionDescriptor? TryDescribe(string name, MethodInfo method, List<string> faults)
    {
        try
        {
            return Describe(name, method, faults);
        }
        catch (Exception exception)
        {
            // An attribute's own code runs here: what it throws is its function's fault.
            faults.Add($"function '{name}' ({method.DeclaringType!.FullName}.{method.Name}): its declaration cannot be read: "
                + $"{exception.GetBaseException().Message.TrimEnd('.')}. "
                + "Expected attributes that can be made with the values that they are given");
            return null;
        }
    }

    private static FunctionDescriptor? Describe(string name, MethodInfo method, List<string> faults)
    {
        int before = faults.Count;
        string where = $"function '{name}' ({method.DeclaringType!.FullName}.{method.Name})";
        if (!FunctionName().IsMatch(name))
        {
            faults.Add($"{where}: bad name, expected a letter followed by up to 126 letters, digits, '-' or '_'");
        }

        if (!method.IsPublic)
        {
            faults.Add($"{where}: the method is not public");
        }

        if (method.IsGenericMethodDefinition || method.DeclaringType.ContainsGenericParameters)
        {
            faults.Add($"{where}: is generic, expected a closed method of a closed type");
        }

        if (!method.IsStatic && method.DeclaringType.IsAbstract)
        {
            faults.Add($"{where}: the class is abstract, expected one that can be created, or a static method");
        }

        if (method.ReturnType == typeof(void) && method.IsDefined(typeof(System.Runtime.CompilerServices.AsyncStateMachineAttribute)))
        {
            faults.Add($"{where}: is async void, expected async Task (nobody could wait for it or see it fail)");
        }

        ImmutableArray<ParameterDescriptor> parameters = [.. method.GetParameters().Select(static p => Describe(p))];
        int triggers = parameters.Count(static p => p.IsTrigger);
        if (triggers != 1)
        {
            faults.Add($"{where}: {triggers} parameters have a trigger attribute, expected exactly one");
            return null;
        }

        TriggerBindingAttribute trigger = (TriggerBindingAttribute)parameters.Single(static p => p.IsTrigger).Attribute!;
        faults.AddRange(
            from parameter in parameters
            from fault in ParameterRules.Check(parameter, trigger, parameters)
            select $"{where}: parameter '{parameter.Parameter.Name}' ({parameter.Parameter.Type.Name}) {fault}");
        void Fault(string fault) => faults.Add($"{where}: {fault}");
        ImmutableArray<OutputDescriptor> outputs = OutputRules.Of(method, trigger, Fault);
        FunctionRetry? retry = FunctionRetry.Of(method.GetCustomAttribute<RetryAttribute>(), trigger, Fault);
        return faults.Count == before ? new(name, method, parameters, outputs, retry) : null;
    }

    private static ParameterDescriptor Describe(ParameterInfo parameter)
    {
        BindingAttribute? attribute = parameter.GetCustomAttributes<BindingAttribute>().FirstOrDefault();
        ImmutableArray<Type> converters = [.. new ICustomAttributeProvider?[] { parameter, parameter.ParameterType, attribute?.GetType() }
            .SelectMany(static place => place?.GetCustomAttributes(typeof(InputConverterAttribute), inherit: true) ?? [])
            .Select(static a => ((InputConverterAttribute)a).ConverterType)];
        var properties = ImmutableDictionary<string, object>.Empty;
        if (attribute is not null)
        {
            properties = properties.Add(ParameterDescriptor.AttributeProperty, attribute);
        }

        if (converters.Contains(typeof(RequestBodyConverter)))
        {
            properties = properties.Add(RequestBodyConverter.FromBodyMark, value: true);
        }

        var described = new FunctionParameter(
            parameter.Name!, parameter.ParameterType, parameter.HasDefaultValue, DefaultOf(parameter), properties);
        return new(described, attribute, converters);
    }

    /// <summary>Reflection gives that of a nullable enumeration as a number.</summary>
    private static object? DefaultOf(ParameterInfo parameter) =>
        parameter is { HasDefaultValue: true, DefaultValue: { } number }
            && Nullable.GetUnderlyingType(parameter.ParameterType) is { IsEnum: true } type
            ? Enum.ToObject(type, number)
            : parameter.DefaultValue;

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_-]{0,126}$")]
    private static partial Regex FunctionName();
}
