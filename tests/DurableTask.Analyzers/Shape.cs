namespace Heal.DurableTask.Analyzers.Tests;

/// <summary>The ways to declare the orchestrator "Flow", around the same statement.</summary>
public enum Shape
{
    Class,
    Interface,
    InheritedClass,
    Function,
    Lambda,
    MethodGroup,
    Created,
    Called,
}

internal static class Shapes
{
    /// <summary>A source in which the orchestrator "Flow" executes the statement, in a method "RunAsync" or one that it calls.</summary>
    public static string Around(this Shape shape, string statement) => shape switch
    {
        Shape.Class => $$"""
            [DurableTask("Flow")] public class MyFlow : TaskOrchestrator<string, int>
            { public override async Task<int> RunAsync(TaskOrchestrationContext context, string input)
              { {{statement}} await Task.Yield(); return 1; } }
            """,
        Shape.Interface => $$"""
            [DurableTask("Flow")] public class MyFlow : ITaskOrchestrator
            {
                public Type InputType => typeof(string);
                public Type OutputType => typeof(int);
                public async Task<object?> RunAsync(TaskOrchestrationContext context, object? input)
                { {{statement}} await Task.Yield(); return 1; }
            }
            """,
        Shape.InheritedClass => $$"""
            public abstract class Base<T> : TaskOrchestrator<T, int>
            { public override async Task<int> RunAsync(TaskOrchestrationContext context, T input)
              { {{statement}} await Task.Yield(); return 1; } }
            public class Flow : Base<string>;
            """,
        Shape.Function => $$"""
            public static class Functions
            { [Function("Flow")] public static async Task<int> RunAsync([OrchestrationTrigger] TaskOrchestrationContext context)
              { {{statement}} await Task.Yield(); return 1; } }
            """,
        Shape.Lambda => $$"""
            public static class Setup { public static void RunAsync(DurableTaskRegistry tasks) =>
                tasks.AddOrchestratorFunc<string, int>("Flow", async (context, input) => { {{statement}} await Task.Yield(); return 1; }); }
            """,
        Shape.MethodGroup => $$"""
            public static class Setup
            {
                public static void Add(DurableTaskRegistry tasks) => tasks.AddOrchestratorFunc<string, int>(nameof(Flow), RunAsync);
                private static async Task<int> RunAsync(TaskOrchestrationContext context, string input)
                { {{statement}} await Task.Yield(); return 1; }
                private const string Flow = "";
            }
            """,
        Shape.Created => $$"""
            public static class Setup
            {
                public static ITaskOrchestrator RunAsync() => FuncTaskOrchestrator.Create<string, int>(
                    async (context, input) => { {{statement}} await Task.Yield(); return 1; });
            }
            """,
        _ => $$"""
            public interface IStep { Task RunAsync(TaskOrchestrationContext context); }
            public class Step : IStep { public async Task RunAsync(TaskOrchestrationContext context) { {{statement}} await Task.Yield(); } }
            public class Flow : TaskOrchestrator<string, int>
            {
                private readonly Lazy<IStep> _step = new(() => new Step());
                private IStep Step => _step.Value;
                public override async Task<int> RunAsync(TaskOrchestrationContext context, string input)
                { await GoAsync(context); return 1; }
                private Task GoAsync(TaskOrchestrationContext context) => Step.RunAsync(context);
            }
            """,
    };

    /// <summary>The same statement where no orchestrator comes to.</summary>
    public static string InActivity(string statement) => $$"""
        public class Work : TaskActivity<string, int>
        { public override async Task<int> RunAsync(TaskActivityContext activity, string input)
          { TaskOrchestrationContext context = null!; {{statement}} await Task.Yield(); return 1; } }
        """;
}
