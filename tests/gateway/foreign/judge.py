"""Judges deliveries that were captured: the public Standard Webhooks library, Ed25519, and the digest, each against tampering too.

Reads {"secrets": [...], "public_keys": [...], "deliveries": [{"headers": {...}, "body": "..."}]} on standard input.
"""

import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError


def ed25519_holds(public_key, headers, body):
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    for versioned in headers["webhook-signature"].split(" "):
        version, signature = versioned.split(",")
        if version != "v1a":
            continue
        try:
            key.verify(base64.b64decode(signature), signed)
            return True
        except InvalidSignature:
            pass
    return False


def shared_holds(secret, headers, body):
    try:
        Webhook(secret).verify(body, headers)
        return True
    except WebhookVerificationError:
        return False


def digest_of(request):
    shown = {name: value for name, value in request.items() if name not in ("digest", "delivery", "ledger")}
    acts = []
    for act in shown["acts"]:
        act = {name: value for name, value in act.items() if name not in ("next", "measure")}
        outcomes = []
        for outcome in act["outcomes"]:
            outcome = dict(outcome)
            if "replies" in outcome:
                outcome["replies"] = [{n: v for n, v in reply.items() if n != "base64"} for reply in outcome["replies"]]
            outcomes.append(outcome)
        acts.append({**act, "outcomes": outcomes})
    shown["acts"] = acts
    canonical = json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def main():
    told = json.load(sys.stdin)
    for delivery in told["deliveries"]:
        headers, body = delivery["headers"], delivery["body"]
        tampered = body.replace('"version":', '"version":1', 1)
        later = {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}
        other = {**headers, "webhook-id": headers["webhook-id"] + "0"}
        for holds, keys in ((shared_holds, told["secrets"]), (ed25519_holds, told["public_keys"])):
            assert keys, "nothing to judge with"
            for key in keys:
                assert holds(key, headers, body), f"{holds.__name__}: a sound delivery was not believed"
                assert not holds(key, headers, tampered), f"{holds.__name__}: another body was believed"
                assert not holds(key, later, body), f"{holds.__name__}: another time was believed"
                assert not holds(key, other, body), f"{holds.__name__}: another id was believed"
        data = json.loads(body)["data"]
        assert data["digest"] == data["request"]["digest"] == digest_of(data["request"]), "the digest is another"
        assert data["version"] == data["request"]["version"] > data["previous_version"]
    print(len(told["deliveries"]))


main()
