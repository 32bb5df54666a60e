"""Finds the incident of a signal and shows its phases while they happen, all over HTTP."""

import time
from datetime import datetime

import screen
import web

POLL_SECONDS = 0.05  # a healthy phase is over within a tenth of a second
ROUTING_SECONDS = 60
INCIDENT_SECONDS = 420  # the workflow's own limits end it before
ENDED = ("Completed", "Failed", "Terminated")


class Incidents:
    def __init__(self, app_url, keys):
        self._url = app_url
        self._key = {"x-functions-key": keys["host"]["default"]}

    def get(self, incident):
        return web.call("GET", f"{self._url}/api/incidents/{incident}", headers=self._key)

    def of_signal(self, signal):
        """Waits until a stored signal is routed; returns the incident's id and how the signal came to it."""
        url = f"{self._url}/api/signals/{signal}"
        deadline = time.monotonic() + ROUTING_SECONDS
        while (found := web.call("GET", url, headers=self._key))["state"] == "Waiting":
            if time.monotonic() > deadline:
                raise web.CallFailed(f"signal {signal} is not routed after {ROUTING_SECONDS} s: {found}")
            time.sleep(POLL_SECONDS)
        if found["state"] != "Routed" or not found.get("incidentId"):
            raise web.CallFailed(f"signal {signal} came to no incident: {found}")
        return found["incidentId"], found["kind"]

    def open(self):
        """Ids of the incidents that have not ended."""
        page = web.call("GET", f"{self._url}/api/incidents?top=500", headers=self._key)
        return [incident["id"] for incident in page["incidents"] if incident["runtimeStatus"] not in ENDED]

    def joined(self, incident, but):
        """Why another signal than `but` belongs to the incident, or None while there is none."""
        found = web.call("GET", f"{self._url}/api/signals?incident={incident}", headers=self._key)
        return next((signal["reason"] for signal in found["signals"] if signal["id"] != but), None)

    def follow(self, incident, signal):
        """Shows each phase, and the second signal when it has joined; returns the incident's last view."""
        deadline = time.monotonic() + INCIDENT_SECONDS
        shown, joined = None, None
        while True:
            view = self.get(incident)
            if not joined and (joined := self.joined(incident, signal)):
                _print_note(view, f"the alert from the queue joined: {joined}")
            status = view["status"]
            if status:
                _show(view, shown)
                shown = view
            if view["outcome"] or view["failure"]:
                screen.wipe()
                return view
            if time.monotonic() > deadline:
                raise web.CallFailed(
                    f"{incident} has not ended after {INCIDENT_SECONDS} s; GET /api/incidents/{incident} shows where it is")
            time.sleep(POLL_SECONDS)


def _show(view, before):
    status = view["status"]
    if screen.IS_TERMINAL:
        # The running phase is one line that is renewed; it stays, with its last words, when the next phase has begun.
        if before and before["status"]["since"] != status["since"]:
            _print_phase(before)
        screen.renew(_seconds(view, status["since"]), status["phase"], _text(status))
    elif not before or _text(before["status"]) != _text(status) or before["status"]["phase"] != status["phase"]:
        _print_phase(view)


_told = set()


def _print_phase(view):
    status = view["status"]
    text = _text(status)
    screen.wipe()
    # what is said already (the same ending, after a second look) is not said again
    screen.phase(_seconds(view, status["since"]), status["phase"], "" if status["phase"] == "Learn" and text in _told else text)
    _told.add(text)


def _print_note(view, text):
    screen.wipe()
    screen.phase(_seconds(view, view["lastUpdatedAt"]), "+ signal", text, screen.green)


def _text(status):
    if status["phase"] in ("Plan", "Closed"):
        return (status["hypothesis"] if status["phase"] == "Plan" else status["outcome"]) or ""
    return status["detail"] or ""


def _seconds(view, moment):
    return (_time(moment) - _time(view["createdAt"])).total_seconds()


def _time(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
