namespace Microsoft.Azure.Functions.Worker.Sdk.Generators.Models;

/// <summary>A method with [Function].</summary>
/// <param name="Method">Class and method, for people.</param>
/// <param name="ClassName">The class as reflection names it.</param>
/// <param name="Entry">How generated code finds the method; null if no code of another class can name it.</param>
/// <param name="Route">Null unless a request starts it.</param>
/// <param name="Task">Null unless orchestrators or clients call it.</param>
/// <param name="Faults">What is wrong with the function for itself.</param>
internal sealed record FunctionModel(
    string Name,
    string Method,
    string ClassName,
    EntryModel? Entry,
    RouteModel? Route,
    TaskModel? Task,
    EquatableArray<Fault> Faults,
    SourcePlace Place);

/// <param name="Class">The class as generated code spells it.</param>
/// <param name="Parameters">The types of the parameters, as expressions.</param>
internal sealed record EntryModel(string Class, string Method, EquatableArray<string> Parameters);

/// <param name="Kind">The attribute of its trigger.</param>
/// <param name="Name">What calls it: the trigger's own name, or the function's.</param>
internal sealed record TaskModel(string Kind, string Name, SourcePlace Place);

/// <param name="Template">Without the prefix, which all functions have in common.</param>
/// <param name="Methods">Upper case; "*" alone for all.</param>
internal sealed record RouteModel(string Template, EquatableArray<string> Methods, SourcePlace Place);
