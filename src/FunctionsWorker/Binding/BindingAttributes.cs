namespace Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

/// <summary>What every trigger, input and output attribute derives from.</summary>
public abstract class BindingAttribute : Attribute
{
}

/// <summary>A parameter that starts the function. Exactly one per function.</summary>
public abstract class TriggerBindingAttribute : BindingAttribute
{
}

/// <summary>A parameter that the host fills beside the trigger.</summary>
public abstract class InputBindingAttribute : BindingAttribute
{
}

/// <summary>A result that the host hands on after the function.</summary>
public abstract class OutputBindingAttribute : BindingAttribute
{
}
