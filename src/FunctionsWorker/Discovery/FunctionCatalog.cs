using System.Collections.Immutable;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Azure.Functions.Worker.Converters;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;
using Microsoft.Azure.Functions.Worker.Http;

namespace Microsoft.Azure.Functions.Worker.Discovery;

/// <summary>All functions of the application, found by reflection once at start. Faulty declarations are collected, not thrown one by
/// one.</summary>
internal sealed partial class FunctionCatalog
{
    private readonly List<string> _faults;

    private FunctionCatalog(ImmutableArray<FunctionDescriptor> functions, List<string> faults)
    {
        Functions = functions;
        _faults = faults;
    }

    public ImmutableArray<FunctionDescriptor> Functions { get; }

    public IReadOnlyList<string> Faults => _faults;

    public IEnumerable<(FunctionDescriptor Function, TTrigger Trigger)> Triggered<TTrigger>()
        where TTrigger : TriggerBindingAttribute => Functions
            .Where(static f => f.Trigger is TTrigger)
            .Select(static f => (f, (TTrigger)f.Trigger));

    public FunctionCatalog Without(IReadOnlySet<string> names) => new([.. Functions.Where(f => !names.Contains(f.Name))], _faults);

    public static FunctionCatalog Discover(IEnumerable<Assembly> assemblies)
    {
        var faults = new List<string>();
        var functions = new List<FunctionDescriptor>();
        foreach (MethodInfo method in assemblies.SelectMany(static a => a.GetTypes()).SelectMany(DeclaredMethods))
        {
            if (method.GetCustomAttribute<FunctionAttribute>() is { } attribute
                && Describe(attribute.Name, method, faults) is { } function)
            {
                functions.Add(function);
            }
        }

        foreach (IGrouping<string, FunctionDescriptor> same in functions.GroupBy(static f => f.Name, StringComparer.OrdinalIgnoreCase))
        {
            if (same.Count() > 1)
            {
                faults.Add($"function '{same.Key}': declared {same.Count()} times, expected once: "
                    + string.Join(", ", same.Select(static f => f.EntryPoint)));
            }
        }

        return new([.. functions.OrderBy(static f => f.Name, StringComparer.OrdinalIgnoreCase)], faults);
    }

    private static MethodInfo[] DeclaredMethods(Type type) => type.GetMethods(
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly);

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
        return faults.Count == before ? new(name, method, parameters) : null;
    }

    private static ParameterDescriptor Describe(ParameterInfo parameter)
    {
        BindingAttribute? attribute = parameter.GetCustomAttributes<BindingAttribute>().FirstOrDefault();
        Type? converter = (parameter.GetCustomAttribute<InputConverterAttribute>()
            ?? parameter.ParameterType.GetCustomAttribute<InputConverterAttribute>())?.ConverterType;
        var properties = ImmutableDictionary<string, object>.Empty;
        if (attribute is not null)
        {
            properties = properties.Add("bindingAttribute", attribute);
        }

        if (converter == typeof(RequestBodyConverter))
        {
            properties = properties.Add(RequestBodyConverter.FromBodyMark, value: true);
        }

        var described = new FunctionParameter(
            parameter.Name!, parameter.ParameterType, parameter.HasDefaultValue, parameter.DefaultValue, properties);
        return new(described, attribute, converter);
    }

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_-]{0,126}$")]
    private static partial Regex FunctionName();
}
