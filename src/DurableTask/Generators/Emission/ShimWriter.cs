namespace Microsoft.DurableTask.Generators.Emission;

/// <summary>Writes the functions that make class-based tasks visible to a function host.</summary>
internal static class ShimWriter
{
    private const string Worker = "global::Microsoft.Azure.Functions.Worker";
    private const string Engine = "global::Microsoft.DurableTask";
    private const string Task = "global::System.Threading.Tasks.Task";
    private const string Activator = "global::Microsoft.Extensions.DependencyInjection.ActivatorUtilities";

    public static bool CanBePublic(TaskModel task) =>
        task.Kind == TaskKind.Entity || (task.Input!.Visibility == Visibility.Public && task.Output!.Visibility == Visibility.Public);

    public static void Write(SourceWriter writer, IEnumerable<TaskModel> tasks)
    {
        var needsContext = false;
        foreach (var task in tasks.Where(IsVisible))
        {
            needsContext |= task.Kind == TaskKind.Activity;
            writer.Gap()
                .Line($"/// <summary>The function around <see cref=\"{task.TypeName}\"/>.</summary>")
                .Line($"[{Worker}.Function({SourceWriter.Literal(task.Name)})]");
            switch (task.Kind)
            {
                case TaskKind.Orchestrator: WriteOrchestrator(writer, task); break;
                case TaskKind.Activity: WriteActivity(writer, task); break;
                default: WriteEntity(writer, task); break;
            }
        }

        if (needsContext) WriteContext(writer);
    }

    private static bool IsVisible(TaskModel task) =>
        task.Kind == TaskKind.Entity || (task.Input!.Visibility != Visibility.Hidden && task.Output!.Visibility != Visibility.Hidden);

    private static void WriteOrchestrator(SourceWriter writer, TaskModel task)
    {
        var (receiver, input) = task.IsTyped
            ? ($"new {task.TypeName}()", task.Input!.Name)
            : ($"(({Engine}.ITaskOrchestrator)new {task.TypeName}())", "object");
        writer
            .Open($"public static {Task}<{task.Output!.Name}> @{task.Name}("
                + $"[{Worker}.OrchestrationTrigger] {Engine}.TaskOrchestrationContext context)")
            .Line($"return {receiver}.RunAsync(context, context.GetInput<{input}>()!);")
            .Close();
    }

    private static void WriteActivity(SourceWriter writer, TaskModel task)
    {
        var services = "executionContext.InstanceServices";
        var contract = task.IsTyped ? task.TypeName : $"{Engine}.ITaskActivity";
        writer
            .Open($"public static {Task}<{task.Output!.Name}> @{task.Name}("
                + $"[{Worker}.ActivityTrigger] {task.Input!.Name} input, string instanceId, {Worker}.FunctionContext executionContext)")
            .Line($"{contract} activity = {Activator}.GetServiceOrCreateInstance<{task.TypeName}>({services});")
            .Line($"return activity.RunAsync(new GeneratedActivityContext({SourceWriter.Literal(task.Name)}, instanceId), input);")
            .Close();
    }

    private static void WriteEntity(SourceWriter writer, TaskModel task) => writer
        .Open($"public static {Task} @{task.Name}([{Worker}.EntityTrigger] {Worker}.TaskEntityDispatcher dispatcher)")
        .Line($"return dispatcher.DispatchAsync<{task.TypeName}>();")
        .Close();

    private static void WriteContext(SourceWriter writer) => writer.Gap()
        .Open($"private sealed class GeneratedActivityContext : {Engine}.TaskActivityContext")
        .Open($"public GeneratedActivityContext({Engine}.TaskName name, string instanceId)")
        .Line("Name = name;")
        .Line("InstanceId = instanceId;")
        .Close()
        .Gap()
        .Line($"public override {Engine}.TaskName Name {{ get; }}")
        .Gap()
        .Line("public override string InstanceId { get; }")
        .Close();
}
