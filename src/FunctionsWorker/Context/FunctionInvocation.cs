namespace Microsoft.Azure.Functions.Worker;

/// <summary>Which invocation of which function this is; a feature of every invocation.</summary>
public abstract class FunctionInvocation
{
    public abstract string Id { get; }

    public abstract string FunctionId { get; }

    public abstract TraceContext TraceContext { get; }
}

internal sealed class ContextInvocation(FunctionContext context) : FunctionInvocation
{
    public override string Id => context.InvocationId;

    public override string FunctionId => context.FunctionId;

    public override TraceContext TraceContext => context.TraceContext;
}
