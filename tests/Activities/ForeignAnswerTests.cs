using System.Net;
using System.Text;
using Microsoft.Extensions.Options;

namespace Heal.Activities.Tests;

/// <summary>Answers of other programs over HTTP that are too long, cut off, or never end.</summary>
public sealed class ForeignAnswerTests
{
    // More than any of the limits.
    private static readonly string Padding = new('a', 4 << 20);

    private static readonly Message Told = new("k-1", false, false, "title", "text", "Deployment/shop/web", "i-1");

    [Fact]
    public async Task Of_a_controllers_answer_no_more_than_the_limit_is_read()
    {
        using var http = Answering(() => new StringContent($$"""{"PowerState":"On","Description":"{{Padding}}"}"""));
        var controller = new FencingController { System = new Uri("http://controller.example.test/redfish/v1/Systems/1") };

        await Assert.ThrowsAsync<NodePowerException>(
            () => new RedfishSystem(http).ReadAsync("hv1", controller, CancellationToken.None));
    }

    [Fact]
    public async Task Of_an_etcd_members_answer_no_more_than_the_limit_is_read()
    {
        using var http = Answering(() => new StringContent($$"""{"padding":"{{Padding}}","members":[{}],"leader":"1"}"""));
        var options = new EtcdOptions();
        options.Endpoints.Add(new Uri("http://etcd.example.test:2379"));

        await Assert.ThrowsAsync<EtcdException>(
            () => new EtcdGateway(http, Options.Create(options)).MembersAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData("too long")]
    [InlineData("cut off")]
    [InlineData("without end")]
    public async Task A_message_that_was_taken_is_not_sent_again_for_an_answer_that_cannot_be_read(string answer)
    {
        using var http = Answering(
            () => answer == "too long" ? new StringContent(Padding) : new StreamContent(new Broken(answer == "cut off")));
        var options = new NotifyOptions
        {
            Url = new Uri("http://people.example.test"),
            Timeout = answer == "without end" ? TimeSpan.FromMilliseconds(200) : TimeSpan.FromMinutes(1),
        };
        var messenger = new WebhookMessenger(http, Options.Create(options));

        await messenger.SendAsync(Told, CancellationToken.None);

        Assert.Equal(Told.Key, messenger.Receipt(Told.Key, resolves: false));
    }

    [Theory]
    [InlineData("ftp://chat.example.test/hooks/s3cret", "ftp://chat.example.test")]
    [InlineData("chat.example.test/hooks/s3cret", "without a scheme")]
    public void The_address_of_a_webhook_is_a_credential_and_is_not_shown(string url, string shown)
    {
        var fault = new NotifyOptionsValidator().Validate(
            null, new NotifyOptions { Url = new Uri(url, UriKind.RelativeOrAbsolute) }).FailureMessage!;

        Assert.Contains(shown, fault, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_question_about_silences_takes_no_longer_than_the_setting_says()
    {
        using var http = Answering(() => new StreamContent(new Broken(isCut: false)));
        var silences = new AlertmanagerSilences(
            http, new Uri("http://alertmanager.example.test"), timeout: TimeSpan.FromMilliseconds(200));

        var thrown = await Assert.ThrowsAsync<SilenceException>(() => silences.OursAsync(CancellationToken.None));

        Assert.Contains("within 0.2 s", thrown.Message, StringComparison.Ordinal);
    }

    private static HttpClient Answering(Func<HttpContent> content) => new(new Fixed(content));

    private sealed class Fixed(Func<HttpContent> content) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = content() });
    }

    private sealed class Broken(bool isCut) : MemoryStream(Encoding.UTF8.GetBytes("{"))
    {
        public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
        {
            if (isCut) throw new IOException("the connection was reset");
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }
    }
}
