using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Heal.FunctionsWorker.Tests;

public sealed class MiddlewareTests
{
    [Fact]
    public async Task Middleware_stands_around_the_function_in_the_order_of_registration()
    {
        await using TestHost host = await TestHost.StartAsync(static builder =>
        {
            builder.UseMiddleware<Outer>();
            builder.UseMiddleware(static async (context, next) =>
            {
                context.GetLogger<Journal>();
                ((Journal)context.InstanceServices.GetService(typeof(Journal))!).Write("inner before");
                await next();
                ((Journal)context.InstanceServices.GetService(typeof(Journal))!).Write(
                    $"inner after {context.GetInvocationResult().Value}");
            });
        });
        await host.GetAsync("/api/Text");
        Assert.Equal(
            ["outer before", "inner before", "inner after GET nobody True", "outer after"], host.Get<Journal>().Entries);
    }

    [Fact]
    public async Task UseWhen_applies_only_where_its_predicate_holds()
    {
        await using TestHost host = await TestHost.StartAsync(static builder =>
            builder.UseWhen<Outer>(static context => context.FunctionDefinition.Name == "Scoped"));
        await host.GetAsync("/api/Text");
        await host.GetAsync("/api/Scoped");
        Assert.Equal(["outer before", "outer after"], host.Get<Journal>().Entries);
    }

    [Fact]
    public async Task Middleware_may_replace_the_result_and_shares_the_scope_with_the_function()
    {
        await using TestHost host = await TestHost.StartAsync(static builder => builder.UseMiddleware(static async (context, next) =>
        {
            ((ScopedCounter)context.InstanceServices.GetService(typeof(ScopedCounter))!).Count = 10;
            await next();
            context.GetInvocationResult().Value += "!";
        }));
        Assert.Equal("GET 11!", await host.GetTextAsync("/api/Scoped"));
    }

    [Fact]
    public async Task A_middleware_class_has_one_instance_for_all_invocations_unless_the_program_registers_it_otherwise()
    {
        await using TestHost host = await TestHost.StartAsync(static builder => builder.UseMiddleware<Counting>());
        await using TestHost scoped = await TestHost.StartAsync(static builder =>
        {
            builder.Services.AddScoped<Counting>();
            builder.UseMiddleware<Counting>();
        });
        Assert.Equal(
            ["GET nobody True 1", "GET nobody True 2"], [await host.GetTextAsync("/api/Text"), await host.GetTextAsync("/api/Text")]);
        Assert.Equal(
            ["GET nobody True 1", "GET nobody True 1"], [await scoped.GetTextAsync("/api/Text"), await scoped.GetTextAsync("/api/Text")]);
    }

    private sealed class Counting : IFunctionsWorkerMiddleware
    {
        private int _count;

        public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
        {
            await next(context);
            context.GetInvocationResult().Value += $" {++_count}";
        }
    }

    private sealed class Outer(Journal journal) : IFunctionsWorkerMiddleware
    {
        public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
        {
            journal.Write("outer before");
            await next(context);
            journal.Write("outer after");
        }
    }
}
