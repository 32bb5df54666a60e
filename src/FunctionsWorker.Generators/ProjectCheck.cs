namespace Microsoft.Azure.Functions.Worker.Sdk.Generators;

/// <summary>All faults: those of each function, and those that only several of them have.</summary>
internal static class ProjectCheck
{
    public static IEnumerable<Fault> Run(IEnumerable<FunctionModel> functions)
    {
        var all = functions.ToList();
        return all.SelectMany(static function => function.Faults).Concat(SameName(all)).Concat(SameRoute(all)).Concat(SameTask(all));
    }

    private static IEnumerable<Fault> SameName(List<FunctionModel> functions) =>
        from same in functions.GroupBy(static function => function.Name, StringComparer.OrdinalIgnoreCase)
        from other in same.Skip(1)
        select Fault.Of(Rules.DuplicateName, other.Place, other.Name, same.First().Method);

    private static IEnumerable<Fault> SameTask(List<FunctionModel> functions) =>
        from function in functions
        where function.Task is not null
        group function by (function.Task!.Kind, Name: function.Task.Name.ToUpperInvariant()) into same
        from other in same.Skip(1)
        where !string.Equals(other.Name, same.First().Name, StringComparison.OrdinalIgnoreCase)
        select Fault.Of(
            Rules.DuplicateTask, other.Task!.Place, other.Name, other.Task.Kind, other.Task.Name, same.First().Name);

    private static IEnumerable<Fault> SameRoute(List<FunctionModel> functions) =>
        from function in functions
        where function.Route is not null
        from method in function.Route!.Methods
        group function by (Template: function.Route!.Template.ToUpperInvariant(), Method: method) into same
        from other in same.Skip(1)
        // Two of one name have one fault, and that is the name.
        where !string.Equals(other.Name, same.First().Name, StringComparison.OrdinalIgnoreCase)
        select Fault.Of(
            Rules.DuplicateRoute,
            other.Route!.Place,
            other.Name,
            other.Route.Template,
            same.Key.Method == "*" ? "* (all)" : same.Key.Method,
            same.First().Name);
}
