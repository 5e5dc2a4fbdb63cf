// Judges deliveries that were captured: the public Standard Webhooks library of npm, and Ed25519 by Node itself.
// Reads {"secrets": [...], "public_keys": [...], "deliveries": [{"headers": {...}, "body": "..."}]} on standard input.
import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { Webhook, WebhookVerificationError } = createRequire(`${process.argv[2]}/`)("standardwebhooks");

function sharedHolds(secret, headers, body) {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch (error) {
    assert.ok(error instanceof WebhookVerificationError, String(error));
    return false;
  }
}

function ed25519Holds(publicKey, headers, body) {
  const x = Buffer.from(publicKey.slice("whpk_".length), "base64").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const signed = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
  return headers["webhook-signature"]
    .split(" ")
    .map((versioned) => versioned.split(","))
    .some(([version, signature]) => version === "v1a" && verify(null, signed, key, Buffer.from(signature, "base64")));
}

const told = JSON.parse(readFileSync(0, "utf8"));
for (const { headers, body } of told.deliveries) {
  const tampered = body.replace('"version":', '"version":1');
  const later = { ...headers, "webhook-timestamp": String(Number(headers["webhook-timestamp"]) + 1) };
  const other = { ...headers, "webhook-id": `${headers["webhook-id"]}0` };
  for (const [holds, keys] of [[sharedHolds, told.secrets], [ed25519Holds, told.public_keys]]) {
    assert.ok(keys.length > 0, "nothing to judge with");
    for (const key of keys) {
      assert.ok(holds(key, headers, body), `${holds.name}: a sound delivery was not believed`);
      assert.ok(!holds(key, headers, tampered), `${holds.name}: another body was believed`);
      assert.ok(!holds(key, later, body), `${holds.name}: another time was believed`);
      assert.ok(!holds(key, other, body), `${holds.name}: another id was believed`);
    }
  }
}
console.log(told.deliveries.length);
