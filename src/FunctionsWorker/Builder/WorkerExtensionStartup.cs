namespace Microsoft.Azure.Functions.Worker.Core;

/// <summary>
/// Takes part in building the host, for libraries: a class with a constructor without parameters, named by
/// <see cref="WorkerExtensionStartupAttribute"/>. Runs before the program's own configuration.
/// </summary>
public abstract class WorkerExtensionStartup
{
    public abstract void Configure(IFunctionsWorkerApplicationBuilder applicationBuilder);
}

/// <summary>On the application's assembly, or that of a project which it references: names a
/// <see cref="WorkerExtensionStartup"/>.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
public class WorkerExtensionStartupAttribute(Type startupType) : Attribute
{
    public Type StartupType { get; } = startupType;
}

/// <summary>On the application's assembly, by generated code: names the one <see cref="WorkerExtensionStartup"/> that runs all
/// others.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
public class WorkerExtensionStartupCodeExecutorInfoAttribute(Type extensionStartupCodeExecutorType) : Attribute
{
    public Type StartupCodeExecutorType { get; } = extensionStartupCodeExecutorType;
}
