namespace Heal.Healing.Tests;

public sealed class ScrubberTests
{
    [Theory]
    [InlineData("DB_PASSWORD=hunter2")]
    [InlineData("password: hunter2")]
    [InlineData("passwd := hunter2")]
    [InlineData("{\"password\":\"hunter2\"}")]
    [InlineData("{\"password\": \"two words, hunter2\", \"user\": \"web\"}")]
    [InlineData("{\\\"password\\\":\\\"hunter2\\\"}")]
    [InlineData("{'client_secret': 'hunter2'}")]
    [InlineData("Server=db;User Id=web;Password=a hunter2;Port=5432")]
    [InlineData("Server=db;Pwd=hunter2;")]
    [InlineData("DefaultEndpointsProtocol=https;AccountName=web;AccountKey=hunter2hunter2==;EndpointSuffix=example.com")]
    [InlineData("Endpoint=sb://web.example/;SharedAccessKeyName=Root;SharedAccessKey=hunter2=")]
    [InlineData("https://store.example/c?sv=2020&sig=hunter2%2F&se=2030")]
    [InlineData("postgres://web:hunter2@db.example:5432/shop")]
    [InlineData("redis://:hunter2@cache:6379/0")]
    [InlineData("amqp://web:hun@hunter2@queue.example/")]
    [InlineData("cloning https://hunter2hunter2hunter2x@git.example/shop.git")]
    [InlineData("Authorization: Bearer hunter2.hunter2")]
    [InlineData("authorization: Basic aHVudGVyMjpodW50ZXIy")]
    [InlineData("got header 'Authorization: Token hunter2' from client")]
    [InlineData("X-Api-Key: hunter2")]
    [InlineData("Set-Cookie: session=hunter2; HttpOnly")]
    [InlineData("starting with --password hunter2 --verbose")]
    [InlineData("starting with --token=hunter2")]
    [InlineData("aws_secret_access_key = hunter2/hunter2+hunter2")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nhunter2hunter2\n-----END PRIVATE KEY-----")]
    [InlineData("-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2hunter2")]
    public void A_secret_with_a_mark_is_taken_out(string text)
    {
        var scrubbed = Scrubber.Scrub(text);

        Assert.DoesNotContain("hunter2", scrubbed);
        Assert.DoesNotContain("aHVudGVy", scrubbed);
        Assert.Contains(Scrubber.Redacted, scrubbed);
    }

    // Put together here, so that no scanner of the repository takes them for real ones.
    [Theory]
    [InlineData("AKIA", "ABCDEFGHIJKLMNOP")]
    [InlineData("ghp_", "abcdefghijklmnopqrstuvwxyz0123456789")]
    [InlineData("github_pat_", "abcdefghijklmnopqrstuvwxyz")]
    [InlineData("glpat-", "abcdefghijklmnopqrst")]
    [InlineData("xoxb-", "123456789012-abcdefghij")]
    [InlineData("sk_live_", "abcdefghijklmnop")]
    [InlineData("AIza", "SyA-abcdefghijklmnopqrstuvwxyz01234")]
    [InlineData("npm_", "abcdefghijklmnopqrstuvwxyz0123456789")]
    [InlineData("hvs.", "abcdefghijklmnopqrstuvwx")]
    [InlineData("eyJhbGciOiJIUzI1NiJ9.", "eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl")]
    [InlineData("", "q8K2vXz0Lw4RtY7uBn5Mc1Ds9Fg3Hj6Ka0Pl2Oi8Ze4")]
    public void A_secret_of_a_known_or_random_form_is_taken_out_without_a_mark(string prefix, string rest) =>
        Assert.Equal($"it said {Scrubber.Redacted} twice", Scrubber.Scrub($"it said {prefix}{rest} twice"));

    [Theory]
    [InlineData("Back-off restarting failed container app in pod web-6d4cf56db6-x2x7p_shop(3b1f7c1e-9a51-4e21-8d2c-0a8d7f3c2b11)")]
    [InlineData("Pulled \"registry.example/web@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"")]
    [InlineData("MountVolume.SetUp failed for volume \"keys\" : secret \"web-keys\" not found")]
    [InlineData("Error: couldn't find key token in Secret shop/web-keys")]
    [InlineData("0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available")]
    [InlineData("at Example.Shop.Checkout.PaymentServiceClientFactoryImplementation2.CreateAsync(Order order)")]
    [InlineData("open /var/lib/kubelet/pods/3b1f7c1e/volumes/kubernetes.io~configmap/Config1/..data/settings.json: no such file")]
    [InlineData("GET http://10.0.0.7:8080/healthz?verbose=1 503 in 12 ms")]
    public void What_people_need_to_read_stays(string text) => Assert.Equal(text, Scrubber.Scrub(text));

    [Fact]
    public void A_private_key_over_many_lines_is_taken_out_also_when_only_its_end_is_there()
    {
        string[] body = ["MIIEowIBAAKCAQEAx", "q83vASNFZ4mrze8BI0VniavN7wEjRWeJ"];

        var whole = Scrubber.ScrubLines(["before", "-----BEGIN RSA PRIVATE KEY-----", .. body, "-----END RSA PRIVATE KEY-----", "after"]);
        var end = Scrubber.ScrubLines([.. body, "-----END EC PRIVATE KEY-----", "after"]);
        var begun = Scrubber.ScrubLines(["before", "-----BEGIN PRIVATE KEY-----", .. body]);

        Assert.Equal(["before", "after"], whole.Where(line => line != Scrubber.Redacted));
        Assert.DoesNotContain(end, line => body.Contains(line));
        Assert.Equal(["before"], begun.Where(line => line != Scrubber.Redacted));
    }

    [Fact]
    public void A_line_of_a_megabyte_is_looked_through_in_time()
    {
        var huge = string.Concat(Enumerable.Repeat("password=hunter2 ", 60_000));

        var lines = LogText.Lines($"first\n{huge}\r\nlast\u0000\u001b[1m!\u001b[0m");

        Assert.Equal("first", lines[0]);
        Assert.Equal("last\uFFFD!", lines[^1]);
        Assert.All(lines, line => Assert.True(line.Length <= EvidenceLimits.LogLineLength));
        Assert.DoesNotContain(lines, line => line.Contains("hunter2", StringComparison.Ordinal));
    }
}
