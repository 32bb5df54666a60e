using System.Diagnostics;
using System.Reflection;
using System.Text.Json.Nodes;

namespace Heal.Samples.Tests;

/// <summary>
/// An app as the tools of Azure Functions make one: its project names the official packages and an older framework, and lies outside the
/// repository. It gets a file beside it, and no edit: docs/function-host/adopting.md.
/// </summary>
public sealed class AdoptedAppTests : IDisposable
{
    private const string Project = """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <TargetFramework>net8.0</TargetFramework>
            <AzureFunctionsVersion>v4</AzureFunctionsVersion>
            <OutputType>Exe</OutputType>
            <ImplicitUsings>enable</ImplicitUsings>
            <Nullable>enable</Nullable>
          </PropertyGroup>
          <ItemGroup>
            <FrameworkReference Include="Microsoft.AspNetCore.App" />
            <PackageReference Include="Microsoft.Azure.Functions.Worker" Version="2.0.0" />
            <PackageReference Include="Microsoft.Azure.Functions.Worker.ApplicationInsights" Version="2.0.0" />
            <PackageReference Include="Microsoft.Azure.Functions.Worker.Extensions.DurableTask" Version="1.2.2" />
            <PackageReference Include="Microsoft.Azure.Functions.Worker.Extensions.Http.AspNetCore" Version="2.0.0" />
            <PackageReference Include="Microsoft.Azure.Functions.Worker.Sdk" Version="2.0.0" />
            <PackageReference Include="Microsoft.DurableTask.Generators" Version="1.0.0-preview.1" OutputItemType="Analyzer" />
          </ItemGroup>
          <ItemGroup>
            <None Update="host.json" CopyToOutputDirectory="PreserveNewest" />
          </ItemGroup>
          <ItemGroup>
            <Using Include="System.Threading.ExecutionContext" Alias="ExecutionContext" />
          </ItemGroup>
        </Project>
        """;

    private const string Program = """
        using Microsoft.Azure.Functions.Worker;
        using Microsoft.Azure.Functions.Worker.Builder;
        using Microsoft.Extensions.Hosting;

        var builder = FunctionsApplication.CreateBuilder(args);
        builder.ConfigureFunctionsWebApplication();
        builder.Services.ConfigureFunctionsApplicationInsights();
        builder.Build().Run();
        """;

    private const string Functions = """
        using Microsoft.AspNetCore.Http;
        using Microsoft.AspNetCore.Mvc;
        using Microsoft.Azure.Functions.Worker;
        using Microsoft.Azure.Functions.Worker.Http;
        using Microsoft.DurableTask;
        using Microsoft.DurableTask.Client;

        namespace Greetings;

        public class Functions
        {
            [Function("Text")]
            public IActionResult Text([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request) =>
                new OkObjectResult("hello");

            [Function("Begin")]
            public static async Task<HttpResponseData> BeginAsync(
                [HttpTrigger(AuthorizationLevel.Anonymous, "post")] HttpRequestData request, [DurableClient] DurableTaskClient client) =>
                await client.WaitForCompletionOrCreateCheckStatusResponseAsync(
                    request, await client.ScheduleNewGreetInstanceAsync("Ada"), getInputsAndOutputs: true);
        }

        [DurableTask]
        public class Greet : TaskOrchestrator<string, string>
        {
            public override Task<string> RunAsync(TaskOrchestrationContext context, string name) => context.CallSayAsync(name);
        }

        [DurableTask]
        public class Say : TaskActivity<string, string>
        {
            public override Task<string> RunAsync(TaskActivityContext context, string name) => Task.FromResult($"Hello, {name}!");
        }
        """;

    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(10);
    private readonly string _folder = Directory.CreateTempSubdirectory("adopted-").FullName;

    internal static string MetadataOf(string key) => typeof(AdoptedAppTests).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task An_app_for_the_official_packages_is_built_and_runs_without_an_edit()
    {
        string app = Directory.CreateDirectory(Path.Combine(_folder, "Greetings")).FullName;
        await File.WriteAllTextAsync(
            Path.Combine(_folder, "Directory.Build.props"), $"""<Project><Import Project="{MetadataOf("FunctionsApp")}" /></Project>""");
        await File.WriteAllTextAsync(Path.Combine(app, "Greetings.csproj"), Project);
        await File.WriteAllTextAsync(Path.Combine(app, "host.json"), """{ "version": "2.0" }""");
        await File.WriteAllTextAsync(Path.Combine(app, "Program.cs"), Program);
        await File.WriteAllTextAsync(Path.Combine(app, "Functions.cs"), Functions);

        await BuildAsync(app);

        string program = Path.Combine(app, "bin", MetadataOf("Configuration"), "net10.0", "Greetings.dll");
        await using SampleApp running = await SampleApp.StartProgramAsync(program);
        string text = await running.Process.Http.GetStringAsync(new Uri("/api/Text", UriKind.Relative));
        Assert.Contains("hello", text, StringComparison.Ordinal);
        JsonObject ended = await running.PostAsync("/api/Begin");
        Assert.Equal("Completed", (string)ended["RuntimeStatus"]!);
        Assert.Equal("\"Hello, Ada!\"", (string)ended["SerializedOutput"]!);
    }

    private static async Task BuildAsync(string app)
    {
        // What it refers to is built: with the tests, of which others run.
        using Process dotnet = Process.Start(new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = app,
            ArgumentList =
            {
                "build", "-c", MetadataOf("Configuration"), "-nologo", "-p:BuildProjectReferences=false",
                "-p:UseSharedCompilation=false", "-nodeReuse:false",
            },
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> output = dotnet.StandardOutput.ReadToEndAsync();
        Task<string> errors = dotnet.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(BuildLimit);
        try
        {
            await dotnet.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!dotnet.HasExited)
            {
                dotnet.Kill(entireProcessTree: true);
            }
        }

        Assert.True(dotnet.ExitCode == 0, await output + await errors);
    }
}
