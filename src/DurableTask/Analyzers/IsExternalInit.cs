namespace System.Runtime.CompilerServices;

/// <summary>Lets records have init-only properties on a framework that is older than they are.</summary>
internal static class IsExternalInit;
