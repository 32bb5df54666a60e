using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>The function is an orchestrator; the parameter is a TaskOrchestrationContext. A further parameter is bound to the
/// input.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class OrchestrationTriggerAttribute : TriggerBindingAttribute
{
    /// <summary>Name of the orchestrator. Default: name of the function.</summary>
    public string? Orchestration { get; set; }
}

/// <summary>The function is an activity; the parameter is its input. It runs at least once: be idempotent.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class ActivityTriggerAttribute : TriggerBindingAttribute
{
    /// <summary>Name of the activity. Default: name of the function.</summary>
    public string? Activity { get; set; }
}

/// <summary>The function is an entity; the parameter is a <see cref="TaskEntityDispatcher"/>. It runs once per operation.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class EntityTriggerAttribute : TriggerBindingAttribute
{
    /// <summary>Name of the entity. Default: name of the function.</summary>
    public string? EntityName { get; set; }
}

/// <summary>A parameter of type DurableTaskClient for the hub of host.json.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class DurableClientAttribute : InputBindingAttribute
{
    /// <summary>The hub's name, <c>%setting%</c> allowed. Only that of host.json: this host serves one hub.</summary>
    public string? TaskHub { get; set; }

    /// <summary>The name of the connection setting, <c>%setting%</c> allowed; only that of host.json, as above.</summary>
    public string? ConnectionName { get; set; }
}
