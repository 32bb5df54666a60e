"""
The demo of start.sh: breaks a Deployment of the simulator, raises its alert at both doors, shows the incident, compares before and after.

Reads APP_URL, SIMULATOR_URL, HEAL_KEYS (the file with the keys) and AzureWebJobsStorage from the environment. Exit code 0: healed; 1: not.
"""

import json
import os
import sys
import time

import alerts
import screen
import web
from cluster import BAD_CONFIG, NAME, NAMESPACE, Cluster
from incident import Incidents

OLD_INCIDENTS_SECONDS = 60  # the work of a process that was killed is free again after 30 s
SETTLE_SECONDS = 30
CRASH_SECONDS = 30
POLL_SECONDS = 0.3


def main():
    app_url = os.environ["APP_URL"]
    with open(os.environ["HEAL_KEYS"], encoding="utf-8") as file:
        keys = json.load(file)
    cluster = Cluster(os.environ["SIMULATOR_URL"])
    incidents = Incidents(app_url, keys)

    print()
    let_old_incidents_end(incidents)
    wait_for(cluster.is_healthy, SETTLE_SECONDS, f"Deployment {NAMESPACE}/{NAME} to become ready")
    before = cluster.state()
    screen.say(f"breaking Deployment {NAMESPACE}/{NAME}: a new rollout mounts ConfigMap {BAD_CONFIG}, which says mode=broken")
    cluster.break_it()
    pod, last = wait_for(cluster.crash, CRASH_SECONDS, "a pod to crash")
    screen.say(f"pod {pod} crashes, exit code {last.get('exitCode')}: CrashLoopBackOff")
    broken = cluster.state()

    signal = alerts.post_webhook(app_url, keys["host"]["default"], pod)
    screen.say("alert KubePodCrashLooping sent to POST /api/alerts, as Alertmanager does: answered 202, it is stored")
    incident, _ = incidents.of_signal(signal)
    alerts.put_on_queue(os.environ["AzureWebJobsStorage"])
    screen.say(f"alert KubeDeploymentReplicasMismatch about the same Deployment put on the storage queue '{alerts.QUEUE}'")
    print(f"\n  {screen.bold(incident)}  Deployment {NAMESPACE}/{NAME}")
    view = incidents.follow(incident, signal)
    wait_for(cluster.is_healthy, SETTLE_SECONDS, "the rollout to end")
    show_outcome(view)
    show_states(before=before, broken=broken, after=cluster.state())
    return 0 if view["outcome"] and view["outcome"]["kind"] == "Healed" else 1


def let_old_incidents_end(incidents):
    """Incidents of the last run go on where they were. One that is in the middle of its work would heal the demo's fault, too."""
    if not (old := incidents.open()):
        return
    screen.say(f"going on with what the last run left open: {', '.join(old)}")
    deadline = time.monotonic() + OLD_INCIDENTS_SECONDS
    while incidents.open() and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    for name in old:
        outcome = incidents.get(name)["outcome"]
        screen.say(f"{name}: {screen.clean(outcome['kind'] + ', ' + outcome['reason']) if outcome else 'still open'}")


def wait_for(look, seconds, what):
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise web.CallFailed(f"waited {seconds} s for {what}")
        time.sleep(POLL_SECONDS)
    return found


def show_outcome(view):
    outcome = view["outcome"]
    if not outcome:
        print(f"\n  {screen.red('Failed')}  {screen.clean(view['failure'])}")
        return
    colour = screen.green if outcome["kind"] == "Healed" else screen.red
    actions = ", ".join(f"{action['actionId']} {action['status']}" for action in outcome["actions"]) or "no action"
    total = sum(timing["seconds"] for timing in outcome["timings"])
    print(f"\n  {colour(outcome['kind'])} in {total:.1f} s: {actions}; {outcome['signals']} signals, one incident")
    longest = max(timing["seconds"] for timing in outcome["timings"]) or 1
    for timing in outcome["timings"]:
        bar = "#" * round(timing["seconds"] / longest * 40)
        print(f"    {timing['phase']:<9} {timing['seconds']:6.2f} s  {screen.dim(bar) if bar else ''}".rstrip())
    if outcome["timings"][-1]["phase"] == "Learn" and len([t for t in outcome["timings"] if t["phase"] == "Learn"]) > 1:
        print("    (the second look, because a signal had joined: still healthy)")


def show_states(**states):
    rows = [["", *states], *([name, *(state[name] for state in states.values())] for name in next(iter(states.values())))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    print()
    for row in rows:
        print("    " + "  ".join(f"{cell:<{size}}" for cell, size in zip(row, widths)).rstrip())


try:
    sys.exit(main())
except web.CallFailed as failure:
    screen.wipe()
    print(f"{screen.red('error: the demo did not get to its end')}\n       {failure}", file=sys.stderr)
    sys.exit(1)
except KeyboardInterrupt:
    screen.wipe()
    sys.exit(130)
