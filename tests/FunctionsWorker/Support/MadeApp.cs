using System.Collections.Concurrent;
using System.Reflection;
using System.Reflection.Emit;
using Microsoft.Azure.Functions.Worker;

namespace Heal.FunctionsWorker.Tests.Support;

/// <summary>
/// An application that is made here, for declarations that the compiler of this project would refuse. Each function is static, and returns
/// its own name.
/// </summary>
internal sealed class MadeApp
{
    private static readonly ConcurrentDictionary<string, Assembly> Made = new(StringComparer.Ordinal);

    private readonly ModuleBuilder _module;
    private int _types;

    static MadeApp() => AppDomain.CurrentDomain.AssemblyResolve += static (_, wanted) =>
        Made.GetValueOrDefault(new AssemblyName(wanted.Name).Name!);

    public MadeApp()
    {
        Name = $"Heal.FunctionsWorker.Tests.Made{Guid.NewGuid():N}";
        AssemblyBuilder assembly = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName(Name), AssemblyBuilderAccess.Run);
        _module = assembly.DefineDynamicModule("main");
        Made[Name] = assembly;
    }

    public string Name { get; }

    /// <summary>A function in a class of its own.</summary>
    public MadeApp With(string name, params (Type Type, string Name, CustomAttributeBuilder? Attribute)[] parameters)
    {
        TypeBuilder type = _module.DefineType($"Made{++_types}", TypeAttributes.Public);
        MethodBuilder method = type.DefineMethod(
            name, MethodAttributes.Public | MethodAttributes.Static, typeof(string), [.. parameters.Select(static p => p.Type)]);
        ILGenerator body = method.GetILGenerator();
        body.Emit(OpCodes.Ldstr, name);
        body.Emit(OpCodes.Ret);
        method.SetCustomAttribute(Attribute<FunctionAttribute>(name));
        for (int i = 0; i < parameters.Length; i++)
        {
            ParameterBuilder parameter = method.DefineParameter(i + 1, ParameterAttributes.None, parameters[i].Name);
            if (parameters[i].Attribute is { } attribute)
            {
                parameter.SetCustomAttribute(attribute);
            }
        }

        type.CreateType();
        return this;
    }

    public static CustomAttributeBuilder Attribute<T>(params object[] arguments) => new(
        typeof(T).GetConstructor([.. arguments.Select(static a => a.GetType())])!, arguments);

    /// <summary>An attribute with one property set.</summary>
    public static CustomAttributeBuilder Named<T>(string property, object value) => new(
        typeof(T).GetConstructor([])!, [], [typeof(T).GetProperty(property)!], [value]);

    /// <summary>An HTTP trigger that anybody may call.</summary>
    public static CustomAttributeBuilder Http(string route) => new(
        typeof(HttpTriggerAttribute).GetConstructor([typeof(AuthorizationLevel), typeof(string[])])!,
        [AuthorizationLevel.Anonymous, new[] { "get" }],
        [typeof(HttpTriggerAttribute).GetProperty(nameof(HttpTriggerAttribute.Route))!],
        [route]);
}
