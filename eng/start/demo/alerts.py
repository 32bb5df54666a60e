"""Two alerts about one Deployment, through the two doors: Alertmanager's webhook, and the storage queue."""

import base64
import hashlib
import hmac
import json
import time
from email.utils import formatdate

import cluster
import web

QUEUE = "alerts"
STORAGE_VERSION = "2021-12-02"


def _now():
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + ".000Z"


def _alert(name, labels, summary):
    labels = {"alertname": name, "severity": "warning", "namespace": cluster.NAMESPACE, **labels}
    fingerprint = hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest()[:16]
    return {
        "status": "firing",
        "labels": labels,
        "annotations": {"summary": summary},
        "startsAt": _now(),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": fingerprint,
    }


def post_webhook(app_url, key, pod):
    """Sends what Alertmanager would send, version 4; returns the id of the stored signal."""
    alert = _alert("KubePodCrashLooping", {"pod": pod, "container": cluster.NAME}, "Pod is crash looping.")
    payload = {
        "version": "4",
        "groupKey": '{}:{alertname="KubePodCrashLooping"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "heal",
        "groupLabels": {"alertname": "KubePodCrashLooping"},
        "commonLabels": alert["labels"],
        "commonAnnotations": alert["annotations"],
        "externalURL": "",
        "alerts": [alert],
    }
    answer = web.call("POST", f"{app_url}/api/alerts", payload, {"x-functions-key": key})
    return answer["signals"][0]["id"]


def put_on_queue(connection):
    """Puts one alert on the queue `alerts`: base64 within XML, signed with the account's key."""
    settings = dict(part.split("=", 1) for part in connection.split(";") if part)
    alert = _alert("KubeDeploymentReplicasMismatch", {"deployment": cluster.NAME}, "Fewer replicas than wanted.")
    text = base64.b64encode(json.dumps(alert).encode()).decode()
    path = f"/{QUEUE}/messages"
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": STORAGE_VERSION}
    url = settings["QueueEndpoint"].rstrip("/") + path
    # "Shared Key Lite" of the storage services: verb, MD5, type, date (given as x-ms-date), x-ms headers, account and path of the URL
    resource = f"/{settings['AccountName']}/{url.split('/', 3)[3]}"
    lines = ["POST", "", "text/xml", "", *(f"{name}:{value}" for name, value in sorted(headers.items())), resource]
    secret = base64.b64decode(settings["AccountKey"])
    signature = base64.b64encode(hmac.new(secret, "\n".join(lines).encode(), hashlib.sha256).digest()).decode()
    headers["Authorization"] = f"SharedKeyLite {settings['AccountName']}:{signature}"
    headers["Content-Type"] = "text/xml"
    web.call("POST", url, f"<QueueMessage><MessageText>{text}</MessageText></QueueMessage>".encode(), headers)
