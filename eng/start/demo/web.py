"""HTTP with JSON on 127.0.0.1: one call, one answer, one clear error."""

import json
import urllib.error
import urllib.request

TIMEOUT_SECONDS = 10
MAX_ERROR_LENGTH = 500


class CallFailed(Exception):
    """The message says which call, and what came back."""


# No proxy: everything that the demo talks to runs on this machine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def call(method, url, body=None, headers=None):
    """Returns the answer's JSON, or None for an empty one. `body` is bytes, or an object that is sent as JSON."""
    headers = dict(headers or {})
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json")
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            content = answer.read()
            is_json = "json" in answer.headers.get("Content-Type", "")
    except urllib.error.HTTPError as error:
        text = error.read(MAX_ERROR_LENGTH).decode(errors="replace")
        raise CallFailed(f"{method} {_shown(url)} was answered {error.code}: {text}") from error
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise CallFailed(f"{method} {_shown(url)} got no answer: {error}") from error
    return json.loads(content) if content and is_json else None


def _shown(url):
    return url.split("?", 1)[0]  # a query may hold a key
