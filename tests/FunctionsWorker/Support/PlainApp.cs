using System.Reflection;
using System.Reflection.Emit;
using Heal.FunctionsWorker.Tests.Sample;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Http;

namespace Heal.FunctionsWorker.Tests.Support;

/// <summary>
/// An application that needs no ASP.NET Core integration, made here, since the sample application does: <c>Hello</c> says hello,
/// <c>Mirror</c> returns the order in its body.
/// </summary>
internal static class PlainApp
{
    public const string Name = "Heal.FunctionsWorker.Tests.PlainApp";

    private static readonly Assembly Made = Make();

    static PlainApp() => AppDomain.CurrentDomain.AssemblyResolve += static (_, wanted) =>
        new AssemblyName(wanted.Name).Name == Name ? Made : null;

    public static string[] Arguments(string root, Dictionary<string, string>? settings = null)
    {
        Dictionary<string, string> all = settings ?? new(StringComparer.Ordinal);
        all["applicationName"] = Name;
        return TestHost.Arguments(root, settings: all);
    }

    private static Assembly Make()
    {
        TypeBuilder type = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName(Name), AssemblyBuilderAccess.Run)
            .DefineDynamicModule("main")
            .DefineType("Plain", TypeAttributes.Public);
        ILGenerator hello = Declare(type, "Hello", typeof(string));
        hello.Emit(OpCodes.Ldstr, "hello");
        hello.Emit(OpCodes.Ret);
        ILGenerator mirror = Declare(type, "Mirror", typeof(Order), typeof(Order));
        mirror.Emit(OpCodes.Ldarg_1);
        mirror.Emit(OpCodes.Ret);
        return type.CreateType().Assembly;
    }

    private static ILGenerator Declare(TypeBuilder type, string name, Type result, Type? body = null)
    {
        MethodBuilder method = type.DefineMethod(
            name,
            MethodAttributes.Public | MethodAttributes.Static,
            result,
            body is null ? [typeof(HttpRequestData)] : [typeof(HttpRequestData), body]);
        method.SetCustomAttribute(new(typeof(FunctionAttribute).GetConstructor([typeof(string)])!, [name]));
        method.DefineParameter(1, ParameterAttributes.None, "request").SetCustomAttribute(
            new(typeof(HttpTriggerAttribute).GetConstructor([typeof(AuthorizationLevel)])!, [AuthorizationLevel.Anonymous]));
        if (body is not null)
        {
            method.DefineParameter(2, ParameterAttributes.None, "body").SetCustomAttribute(
                new(typeof(FromBodyAttribute).GetConstructor([])!, []));
        }

        return method.GetILGenerator();
    }
}
