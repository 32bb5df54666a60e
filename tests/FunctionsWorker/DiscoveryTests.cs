using Heal.FunctionsWorker.Tests.Support;
using System.Reflection;
using System.Reflection.Emit;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.DurableTask.Client;

namespace Heal.FunctionsWorker.Tests;

public sealed class DiscoveryTests
{
    private readonly TypeBuilder _type = AssemblyBuilder
        .DefineDynamicAssembly(new AssemblyName("Declarations"), AssemblyBuilderAccess.Run)
        .DefineDynamicModule("main")
        .DefineType("Declared", TypeAttributes.Public);

    [Fact]
    public void Faulty_declarations_are_reported_all_together_with_method_parameter_and_expectation()
    {
        Declare("NoTrigger", (typeof(string), "text", null));
        Declare("TwoTriggers", (typeof(string), "a", typeof(ActivityTriggerAttribute)),
            (typeof(string), "b", typeof(ActivityTriggerAttribute)));
        Declare("WrongOrchestrator", (typeof(string), "context", typeof(OrchestrationTriggerAttribute)));
        Declare("NeedsHttp", (typeof(string), "input", typeof(ActivityTriggerAttribute)), (typeof(HttpRequest), "request", null));
        Declare("BareClient", (typeof(string), "input", typeof(ActivityTriggerAttribute)), (typeof(DurableTaskClient), "client", null));
        Declare("Service", (typeof(string), "input", typeof(ActivityTriggerAttribute)), (typeof(List<string>), "service", null));
        Declare("bad name", (typeof(string), "input", typeof(ActivityTriggerAttribute)));
        Declare("Twice", (typeof(string), "input", typeof(ActivityTriggerAttribute)));
        Declare("twice", (typeof(string), "input", typeof(ActivityTriggerAttribute)));
        FunctionCatalog catalog = Catalogs.Discover(_type.CreateType().Assembly);
        string[] expected =
        [
            "function 'NoTrigger' (Declared.NoTrigger): 0 parameters have a trigger attribute, expected exactly one",
            "function 'TwoTriggers' (Declared.TwoTriggers): 2 parameters have a trigger attribute",
            "parameter 'context' (String) has [OrchestrationTrigger], expected type TaskOrchestrationContext",
            "parameter 'request' (HttpRequest) needs [HttpTrigger]",
            "parameter 'client' (DurableTaskClient) needs [DurableClient]",
            "parameter 'service' (List`1) is bound by nothing",
            "function 'bad name' (Declared.bad name): bad name",
            "function 'Twice': declared 2 times",
        ];
        Assert.All(expected, e => Assert.Contains(catalog.Faults.All, f => f.Contains(e, StringComparison.Ordinal)));
        Assert.Equal(expected.Length, catalog.Faults.All.Count());
    }

    [Fact]
    public void A_sound_declaration_is_found_with_its_bindings()
    {
        Declare("Sound", (typeof(string), "input", typeof(ActivityTriggerAttribute)), (typeof(FunctionContext), "context", null));
        FunctionDescriptor function = Catalogs.Discover(_type.CreateType().Assembly).Functions.Single();
        Assert.Equal("Sound", function.Name);
        Assert.Equal("activityTrigger", function.InputBindings["input"].Type);
        Assert.Equal(["input", "context"], function.Parameters.Select(static p => p.Name));
    }

    private void Declare(string name, params (Type Type, string Name, Type? Attribute)[] parameters)
    {
        MethodBuilder method = _type.DefineMethod(
            name, MethodAttributes.Public | MethodAttributes.Static, typeof(void), [.. parameters.Select(static p => p.Type)]);
        method.GetILGenerator().Emit(OpCodes.Ret);
        method.SetCustomAttribute(new(typeof(FunctionAttribute).GetConstructor([typeof(string)])!, [name]));
        for (int i = 0; i < parameters.Length; i++)
        {
            ParameterBuilder parameter = method.DefineParameter(i + 1, ParameterAttributes.None, parameters[i].Name);
            if (parameters[i].Attribute is { } attribute)
            {
                parameter.SetCustomAttribute(new(attribute.GetConstructor([])!, []));
            }
        }
    }
}
