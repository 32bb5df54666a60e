using System.Reflection;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Entities;

namespace Heal.DurableTask.Abstractions.Tests;

public class EntityTests
{
    private readonly FakeState _state = new();

    [Fact]
    public void An_id_has_a_lower_case_name_and_a_text_form()
    {
        var id = new EntityInstanceId("Counter", "Key");

        Assert.Equal("@counter@Key", id.ToString());
        Assert.Equal(id, EntityInstanceId.FromString("@Counter@Key"));
    }

    [Theory]
    [InlineData("counter@key")]
    [InlineData("@counter")]
    [InlineData("@@key")]
    [InlineData("")]
    public void Another_text_is_no_id(string text) => Assert.Throws<ArgumentException>(() => EntityInstanceId.FromString(text));

    [Fact]
    public void A_name_with_an_at_sign_is_refused() => Assert.Throws<ArgumentException>(() => new EntityInstanceId("a@b", "key"));

    [Fact]
    public async Task An_operation_is_the_public_method_of_its_name()
    {
        Assert.Equal(5, await Run(new Counter(), "ADD", 5));
        Assert.Equal(7, await Run(new Counter(), "addLater", 2));
        Assert.Equal(7, _state.Value);
    }

    [Fact]
    public async Task A_method_may_take_the_context_and_return_a_value_task()
    {
        Assert.Equal("@counter@key", await Run(new Counter(), "whoAmI"));
    }

    [Fact]
    public async Task A_missing_input_is_the_parameters_default_or_an_error()
    {
        Assert.Equal(1, await Run(new Counter(), "increment"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Run(new Counter(), "add"));
    }

    [Fact]
    public async Task Overloads_are_ambiguous()
    {
        await Assert.ThrowsAsync<AmbiguousMatchException>(() => Run(new Counter(), "twice", 5));
    }

    [Theory]
    [InlineData("twoInputs")]
    [InlineData("twoContexts")]
    [InlineData("twoOperations")]
    public async Task A_method_takes_nothing_twice(string operation)
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => Run(new Counter(), operation, 5));

        Assert.Contains("at most one", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_method_may_take_context_operation_and_input_in_any_order()
    {
        Assert.Equal("@counter@key takeAll 5", await Run(new Counter(), "takeAll", 5));
    }

    [Theory]
    [InlineData("boxedTask")]
    [InlineData("boxedValueTask")]
    public async Task A_task_that_is_returned_as_an_object_is_awaited(string operation)
    {
        Assert.Equal("success", await Run(new Counter(), operation));
    }

    [Fact]
    public async Task Without_a_state_there_is_nothing_to_dispatch_to()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => Run(new Stateless(), "push", 1));
        Assert.Null(await Run(new Stateless(), "delete"));
    }

    [Fact]
    public async Task Delete_removes_the_state_without_a_method_of_its_own()
    {
        await Run(new Counter(), "add", 5);
        await Run(new Counter(), "delete");

        Assert.False(_state.HasState);
    }

    [Theory]
    [InlineData("unknown")]
    [InlineData("ToString")]
    [InlineData("RunAsync")]
    [InlineData("Hidden")]
    public async Task Without_a_public_method_of_its_own_an_operation_is_not_supported(string operation) =>
        await Assert.ThrowsAsync<NotSupportedException>(() => Run(new Counter(), operation));

    [Fact]
    public async Task The_states_methods_are_operations_only_where_that_is_allowed()
    {
        await Run(new OverState(allow: true), "push", 3);

        Assert.Equal(3, ((Box)_state.Value!).Top);
        await Assert.ThrowsAsync<NotSupportedException>(() => Run(new OverState(allow: false), "push", 3));
    }

    [Fact]
    public async Task An_operations_own_exception_comes_through_and_keeps_the_state()
    {
        await Run(new Counter(), "add", 5);

        await Assert.ThrowsAsync<TimeoutException>(() => Run(new Counter(), "fail"));
        Assert.Equal(5, _state.Value);
    }

    private Task<object?> Run(ITaskEntity entity, string name, object? input = null) =>
        entity.RunAsync(new FakeOperation(name, input, _state)).AsTask();

    private sealed class Counter : TaskEntity<int>
    {
        public int Add(int amount) => State += amount;

        public async Task<int> AddLater(int amount)
        {
            await Task.Yield();
            return State += amount;
        }

        public int Increment(int by = 1) => State += by;

        public ValueTask<string> WhoAmI(TaskEntityContext context) => ValueTask.FromResult(context.Id.ToString());

        public void Fail()
        {
            State = -1;
            throw new TimeoutException();
        }

        public int Twice(int amount) => amount;

        public string Twice(string text) => text;

#pragma warning disable CA1859 // That the type is object is the point.
        public object BoxedTask() => Task.FromResult("success");

        public object BoxedValueTask() => new ValueTask<string>("success");
#pragma warning restore CA1859

#pragma warning disable CA1822, IDE0060 // Only the signatures matter.
        public int TwoInputs(int amount, object other) => amount;

        public int TwoContexts(int amount, TaskEntityContext context, TaskEntityContext other) => amount;

        public int TwoOperations(int amount, TaskEntityOperation operation, TaskEntityOperation other) => amount;
#pragma warning restore CA1822, IDE0060

        public string TakeAll(TaskEntityOperation operation, int amount, TaskEntityContext context) =>
            $"{context.Id} {operation.Name} {amount}";

        internal void Hidden() => State = -1;
    }

    private sealed class Box
    {
        public int Top { get; set; }

        public void Push(int value) => Top = value;
    }

    private sealed class Stateless : TaskEntity<Box>
    {
        protected override bool AllowStateDispatch => true;

        protected override Box? InitializeState(TaskEntityOperation entityOperation) => null;
    }

    private sealed class OverState(bool allow) : TaskEntity<Box>
    {
        protected override bool AllowStateDispatch => allow;
    }

    private sealed class FakeState : TaskEntityState
    {
        public object? Value { get; private set; }

        public override bool HasState => Value is not null;

        public override object? GetState(Type type) => Value;

        public override void SetState(object? state) => Value = state;
    }

    private sealed class FakeOperation(string name, object? input, FakeState state) : TaskEntityOperation
    {
        public override string Name => name;

        public override TaskEntityContext Context { get; } = new FakeEntityContext();

        public override TaskEntityState State => state;

        public override bool HasInput => input is not null;

        public override object? GetInput(Type inputType) => input;
    }

    private sealed class FakeEntityContext : TaskEntityContext
    {
        public override EntityInstanceId Id => new("counter", "key");

        public override void SignalEntity(
            EntityInstanceId id, string operationName, object? input = null, SignalEntityOptions? options = null) =>
            throw new NotSupportedException();

        public override string ScheduleNewOrchestration(TaskName name, object? input = null, StartOrchestrationOptions? options = null) =>
            throw new NotSupportedException();
    }
}
