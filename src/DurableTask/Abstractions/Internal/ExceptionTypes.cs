using System.Reflection;

namespace Microsoft.DurableTask;

/// <summary>Finds exception types by name in the loaded assemblies. Not cached: assemblies come later, and failures are rare.</summary>
internal static class ExceptionTypes
{
    /// <returns>Null when no loaded assembly has such an exception.</returns>
    /// <exception cref="AmbiguousMatchException">Several have.</exception>
    public static Type? Find(string fullName)
    {
        // Engine names such as ActivityTaskNotFound have no namespace, and neither parses as an assembly-qualified name by accident.
        if (string.IsNullOrWhiteSpace(fullName))
        {
            return null;
        }

        var found = AppDomain.CurrentDomain.GetAssemblies()
            .Select(assembly => assembly.GetType(fullName, throwOnError: false))
            .Where(type => type is not null && typeof(Exception).IsAssignableFrom(type))
            .Distinct()
            .ToList();
        return found.Count <= 1
            ? found.FirstOrDefault()
            : throw new AmbiguousMatchException(
                $"The exception type '{fullName}' exists in several loaded assemblies: "
                + string.Join("; ", found.Select(type => type!.Assembly.FullName))
                + ". Compare TaskFailureDetails.ErrorType by name instead.");
    }
}
