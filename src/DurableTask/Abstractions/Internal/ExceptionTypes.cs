using System.Reflection;

namespace Microsoft.DurableTask;

/// <summary>Finds exception types by name in the loaded assemblies. Not cached: assemblies come later, and failures are rare.</summary>
internal static class ExceptionTypes
{
    /// <param name="fullName">The type's name with its namespace.</param>
    /// <param name="preferred">Where to look before all other assemblies, so that a name which others have too is no riddle.</param>
    /// <returns>Null when no loaded assembly has such an exception.</returns>
    /// <exception cref="AmbiguousMatchException">Several have, and neither the preferred one nor the runtime's own.</exception>
    public static Type? Find(string fullName, Assembly preferred)
    {
        // Engine names such as ActivityTaskNotFound have no namespace, and neither parses as an assembly-qualified name by accident.
        if (string.IsNullOrWhiteSpace(fullName))
        {
            return null;
        }

        if ((ExceptionIn(typeof(object).Assembly, fullName) ?? ExceptionIn(preferred, fullName)) is { } near)
        {
            return near;
        }

        var found = AppDomain.CurrentDomain.GetAssemblies()
            .Select(assembly => ExceptionIn(assembly, fullName))
            .Where(type => type is not null)
            .Distinct()
            .ToList();
        return found.Count <= 1
            ? found.FirstOrDefault()
            : throw new AmbiguousMatchException(
                $"The exception type '{fullName}' exists in several loaded assemblies: "
                + string.Join("; ", found.Select(type => type!.Assembly.FullName))
                + ". Compare TaskFailureDetails.ErrorType by name instead.");
    }

    private static Type? ExceptionIn(Assembly assembly, string fullName) =>
        assembly.GetType(fullName, throwOnError: false) is { } type && typeof(Exception).IsAssignableFrom(type) ? type : null;
}
