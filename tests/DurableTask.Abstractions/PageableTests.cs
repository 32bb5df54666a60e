using Microsoft.DurableTask;

namespace Heal.DurableTask.Abstractions.Tests;

public class PageableTests
{
    [Fact]
    public async Task Values_come_from_all_pages_in_order()
    {
        var pageable = Pageable.Create((token, _) => Task.FromResult(token is null ? new Page<int>([1, 2], "next") : new Page<int>([3])));
        var values = new List<int>();
        await foreach (var value in pageable)
        {
            values.Add(value);
        }

        Assert.Equal([1, 2, 3], values);
    }

    [Fact]
    public async Task Pages_begin_at_the_given_token_with_the_given_size()
    {
        var pageable = Pageable.Create((string? token, int? size, CancellationToken _) =>
            Task.FromResult(new Page<string>([$"{token}/{size}"])));
        await foreach (var page in pageable.AsPages("here", 7))
        {
            Assert.Equal(["here/7"], page.Values);
        }
    }

    [Fact]
    public async Task A_cancelled_enumeration_cancels_the_fetch()
    {
        using var cancellation = new CancellationTokenSource();
        var pageable = Pageable.Create<int>((_, token) => Task.FromCanceled<Page<int>>(token));
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await pageable.GetAsyncEnumerator(cancellation.Token).MoveNextAsync());
    }
}
