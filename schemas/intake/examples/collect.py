#!/usr/bin/env python3
"""一键执行，用Python标准库走完全程。 The main job with Python's standard library: papers, request, result, proof.

    XIEZHI_URL=https://… XIEZHI_TOKEN=xz_… XIEZHI_AUDITOR=xz_… \\
        python3 collect.py request.json KEY ruling=裁定书.pdf query_notice=协助查询通知书.pdf …

request.json holds the request without its documents; KEY is the idempotency key: run it again with the same one and nothing happens twice.
The auditor's token is optional; with it the receipt's entry of the trail is fetched and its proof is checked.
"""

import base64
import hashlib
import json
import mimetypes
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

BASE = os.environ["XIEZHI_URL"].rstrip("/")
TRIES_MAX = 5


def call(method, path, token=None, body=None, headers=()):
    """One call, repeated as Retry-After says while nothing was accepted (429, 503). Safe: a repeat carries the same idempotency key."""
    for attempt in range(1, TRIES_MAX + 1):
        request = urllib.request.Request(BASE + path, data=body, method=method, headers=dict(headers))
        request.add_header("Accept-Language", "en")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=90) as answer:
                return answer.read()
        except urllib.error.HTTPError as refusal:
            problem = json.loads(refusal.read())
            if refusal.code in (429, 503) and attempt < TRIES_MAX:
                time.sleep(int(refusal.headers.get("Retry-After", "1")))
                continue
            # `type` is what a program looks at; `title` and `detail` are for people.
            lines = [f"{problem['type']}: {problem['title']}. {problem['detail']} ({problem['instance']})"]
            lines += [f"  {fault.get('pointer', '')}: {fault['message']}" for fault in problem.get("errors", [])]
            lines += [f"  {rule['id']} {rule['text']} ({rule['source']})" for rule in problem.get("rules", [])]
            sys.exit("\n".join(lines))


def upload(token, kind, path):
    """Stores one paper; gives its entry for the request."""
    name = os.path.basename(path)
    with open(path, "rb") as paper:
        body = paper.read()
    headers = {
        "Content-Type": mimetypes.guess_type(name)[0] or "application/octet-stream",
        "X-File-Name": urllib.parse.quote(name, safe=""),
    }
    stored = json.loads(call("POST", "/v1/documents", token, body, headers.items()))
    return {"kind": kind, "file_name": name, "digest": stored["digest"]}


def watch(token, request_id):
    """Follows a request by long-poll until it is over."""
    version = 0
    while True:
        query = urllib.parse.urlencode({"wait": "30s", "after_version": version, "page_len": 200})
        view = json.loads(call("GET", f"/v1/requests/{request_id}?{query}", token))
        if view["version"] != version:
            counts = ", ".join(f"{count} {state}" for state, count in sorted(view["counts"].items()))
            print(f"version {view['version']}: {counts}")
            version = view["version"]
        if view["state"] != "open":
            return view


def root_of(leaf, index, size, proof):
    """The root that a leaf and its inclusion proof lead to (RFC 9162, 2.1.3.2)."""
    node, last, current = leaf, size - 1, index
    for step in proof:
        if current & 1 or current == last:
            node = hashlib.sha256(b"\x01" + step + node).digest()
            while current and not current & 1:
                current, last = current >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + step).digest()
        current, last = current >> 1, last >> 1
    return node if last == 0 else None


def check(auditor, receipt):
    """Holds the receipt against the trail: the entry is the one that was promised, and the signed checkpoint covers it.

    The two Ed25519 signatures need a library beside the standard one, or `xiezhi verify`.
    """
    for _ in range(TRIES_MAX):
        covered = int(call("GET", "/trail/checkpoint").decode().split("\n")[1])
        if covered > receipt["sequence"]:
            break
        time.sleep(1)
    entry = json.loads(call("GET", f"/v1/trail/entries/{receipt['sequence']}", auditor))
    leaf = hashlib.sha256(b"\x00" + base64.b64decode(entry["leaf_base64"])).digest()
    if leaf.hex() != receipt["leaf_hash"]:
        sys.exit("the entry is not what the receipt promised")
    proof = [bytes.fromhex(step) for step in entry["proof"]]
    root = root_of(leaf, entry["index"], entry["tree_size"], proof)
    if root is None or base64.b64encode(root).decode() != entry["checkpoint"].split("\n")[2]:
        sys.exit("the proof does not lead to the checkpoint's root")
    print(f"proof holds: entry {entry['index']} of {entry['tree_size']}, {entry['leaf']['e']}")


def main():
    request_file, key, *papers = sys.argv[1:]
    token, auditor = os.environ["XIEZHI_TOKEN"], os.environ.get("XIEZHI_AUDITOR")
    with open(request_file, encoding="utf-8") as file:
        request = json.load(file)
    request["documents"] = [upload(token, *paper.split("=", 1)) for paper in papers]
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    accepted = json.loads(call("POST", "/v1/requests", token, json.dumps(request).encode(), headers.items()))
    request_id = accepted["request"]["id"]
    print(f"accepted {request_id}, receipt {accepted['receipt']['sequence']}")
    view = watch(token, request_id)
    for act in view["acts"]:
        print(f"{act['id']} {act['kind']} at {act['partner']}: {act['state']}; {act['next']['what']}")
    print(f"{view['state']}: deducted {view['ledger']['deducted']} of {view['ledger']['target']}")
    events = json.loads(call("GET", f"/v1/requests/{request_id}/events?limit=200", token))["events"]
    print(f"{len(events)} events, the first {events[0]['leaf']['e']}, the last {events[-1]['leaf']['e']}")
    if auditor:
        check(auditor, accepted["receipt"])


if __name__ == "__main__":
    main()
