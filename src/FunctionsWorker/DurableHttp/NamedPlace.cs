namespace Microsoft.Azure.Functions.Worker.Extensions.DurableTask.Http;

/// <summary>
/// The place that the <c>Location</c> of a response names. A server may send its callers anywhere; it may not send them to where only
/// they can go: from elsewhere to this machine itself, or to the link-local addresses where clouds keep credentials. Judged by its text,
/// which gives the reason early; <see cref="PlaceGuard"/> judges what the name leads to.
/// </summary>
internal static class NamedPlace
{
    /// <param name="requested">Where the response came from; a relative place is one there.</param>
    /// <param name="location">The header's value.</param>
    /// <param name="reason">Why there is no place to go to.</param>
    public static Uri? Of(Uri requested, string? location, out string reason)
    {
        reason = "";
        if (string.IsNullOrWhiteSpace(location) || !Uri.TryCreate(requested, location, out Uri? place))
        {
            reason = "the response has no Location header that can be read";
            return null;
        }

        if (place.Scheme != Uri.UriSchemeHttp && place.Scheme != Uri.UriSchemeHttps)
        {
            reason = $"its Location has the scheme '{place.Scheme}', expected http or https";
            return null;
        }

        if (PlaceGuard.IsLinkLocal(place) && !RequestHeaders.IsSameOrigin(requested, place))
        {
            reason = "its Location leads to a link-local address";
            return null;
        }

        if (PlaceGuard.IsHere(place) && !PlaceGuard.IsHere(requested))
        {
            reason = "its Location leads to this machine itself";
            return null;
        }

        return place;
    }
}
