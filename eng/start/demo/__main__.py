"""
The demo of start.sh: breaks a Deployment of the simulator, raises its alert at both doors, shows the incident, compares before and after.

Reads APP_URL, SIMULATOR_URL, HEAL_STATE (host-keys.json) and AzureWebJobsStorage from the environment. Exit code 0: healed; 1: not.
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

SETTLE_SECONDS = 30
CRASH_SECONDS = 30
POLL_SECONDS = 0.3


def main():
    app_url = os.environ["APP_URL"]
    with open(os.path.join(os.environ["HEAL_STATE"], "host-keys.json"), encoding="utf-8") as file:
        keys = json.load(file)
    cluster = Cluster(os.environ["SIMULATOR_URL"])
    incidents = Incidents(app_url, keys)

    print()
    wait_for(cluster.is_healthy, SETTLE_SECONDS, f"Deployment {NAMESPACE}/{NAME} to become ready")
    before = cluster.state()
    screen.say(f"breaking Deployment {NAMESPACE}/{NAME}: a new rollout mounts ConfigMap {BAD_CONFIG}, which says mode=broken")
    cluster.break_it()
    pod, last = wait_for(cluster.crash, CRASH_SECONDS, "a pod to crash")
    screen.say(f"pod {pod} crashes, exit code {last.get('exitCode')}: CrashLoopBackOff")
    broken = cluster.state()

    signal = alerts.post_webhook(app_url, keys["host"]["default"], pod)
    screen.say("alert KubePodCrashLooping sent to POST /api/alerts as Alertmanager does: 202, it is stored")
    alerts.put_on_queue(os.environ["AzureWebJobsStorage"])
    screen.say(f"alert KubeDeploymentReplicasMismatch, about the same Deployment, put on the storage queue '{alerts.QUEUE}'")

    incident, _ = incidents.of_signal(signal)
    print(f"\n  {screen.bold(incident)}  {NAMESPACE}/{NAME}")
    view = incidents.follow(incident, signal)
    wait_for(cluster.is_healthy, SETTLE_SECONDS, "the rollout to end")
    show_outcome(view)
    show_states(before, broken, cluster.state())
    return 0 if view["outcome"] and view["outcome"]["kind"] == "Healed" else 1


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
    good = outcome["kind"] == "Healed"
    total = sum(timing["seconds"] for timing in outcome["timings"])
    actions = ", ".join(f"{action['actionId']} ({action['status']})" for action in outcome["actions"])
    print(f"\n  {(screen.green if good else screen.red)(outcome['kind'])} in {total:.1f} s, {outcome['signals']} signals, {actions or 'no action'}")
    width = max(timing["seconds"] for timing in outcome["timings"]) or 1
    for timing in outcome["timings"]:
        bar = "#" * max(1, round(timing["seconds"] / width * 40)) if timing["seconds"] >= 0.05 else ""
        print(f"    {timing['phase']:<9} {timing['seconds']:6.2f} s  {screen.dim(bar)}".rstrip())


def show_states(*states):
    print(f"\n    {'':<14}  {'before':<18}{'broken':<18}after")
    for name in states[0]:
        print(f"    {name:<14}  {states[0][name]:<18}{states[1][name]:<18}{states[2][name]}")


try:
    sys.exit(main())
except web.CallFailed as failure:
    screen.wipe()
    print(f"{screen.red('error: the demo did not get to its end')}\n       {failure}", file=sys.stderr)
    sys.exit(1)
except KeyboardInterrupt:
    screen.wipe()
    sys.exit(130)
