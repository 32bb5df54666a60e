namespace Heal.Activities.Tests;

/// <summary>Commands that run on this machine, and how much of what they say is kept.</summary>
public sealed class LocalCommandsTests
{
    [Fact]
    public async Task The_exit_code_and_the_end_of_what_was_said_come_back()
    {
        var commands = new LocalCommands(TimeProvider.System);

        var (exit, said) = await commands.RunAsync(
            ["sh", "-c", "seq 1 10000; echo trouble >&2; exit 3"], TimeSpan.FromSeconds(30), CancellationToken.None);

        Assert.Equal((3, LocalCommands.KeptCharacters), (exit, said.Length));
        Assert.EndsWith("9999\n10000\ntrouble", said);
    }

    [Fact]
    public async Task Output_without_end_costs_time_and_no_memory()
    {
        // More characters than a string can have: who reads them all before shortening them fails.
        using var output = new LongOutput(3_000_000_000, "the last words");

        var said = await LocalCommands.EndOfAsync(output, CancellationToken.None);

        Assert.Equal(LocalCommands.KeptCharacters, said.Length);
        Assert.EndsWith("athe last words", said);
    }

    [Fact]
    public async Task A_command_whose_caller_has_left_is_ended_with_all_that_it_started()
    {
        using var pipe = new NamedPipe();
        using var leaving = new CancellationTokenSource();
        var running = new LocalCommands(TimeProvider.System).RunAsync(
            ["sh", "-c", "echo $$ > \"$0\"; exec sleep 1000", pipe.Path], TimeSpan.FromMinutes(10), leaving.Token);
        var id = await pipe.ReadAsync();

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.False(Directory.Exists($"/proc/{id}"), "it still runs");
    }

    private sealed class LongOutput(long length, string end) : TextReader
    {
        private long _left = length;
        private bool _ended;

        public override ValueTask<int> ReadAsync(Memory<char> buffer, CancellationToken cancellationToken = default)
        {
            if (_left > 0)
            {
                var count = (int)Math.Min(_left, buffer.Length);
                buffer.Span[..count].Fill('a');
                _left -= count;
                return new(count);
            }

            if (_ended) return new(0);
            _ended = true;
            end.CopyTo(buffer.Span);
            return new(end.Length);
        }
    }
}
