#!/bin/sh
# 一键执行，用curl走完全程。 The main job with curl: papers, request, result, events, proof.
#
#   XIEZHI_URL=https://… XIEZHI_TOKEN=xz_… XIEZHI_AUDITOR=xz_… sh collect.sh request.json KEY ruling=裁定书.pdf …
#
# request.json holds the request without its documents, on any lines, and ends with `}`; KEY is the idempotency key: run it again with the
# same one and nothing happens twice. sed reads what little is needed of the answers, so that no other tool has to be there.
set -eu

request=$1 key=$2
shift 2

# Tokens stand in a file that only we can read, not in the list of processes.
headers=$(mktemp)
trap 'rm -f "$headers"' EXIT
printf 'Authorization: Bearer %s\n' "$XIEZHI_TOKEN" >"$headers"

call() {
    # A refusal is printed (application/problem+json) and ends the script; 429 and 503 are tried again as Retry-After says.
    curl --silent --show-error --fail-with-body --retry 4 --header "@$headers" --header 'Accept-Language: en' "$@"
}

field() {
    sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" | head -n 1
}

percent() {
    printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n' | sed 's/../%&/g'
}

# 1. The papers; the digest in the answer is what the request names.
documents=
for paper in "$@"; do
    kind=${paper%%=*} path=${paper#*=}
    name=$(basename "$path")
    stored=$(call --header 'Content-Type: application/pdf' --header "X-File-Name: $(percent "$name")" \
        --data-binary "@$path" "$XIEZHI_URL/v1/documents")
    digest=$(printf '%s' "$stored" | field digest)
    documents="$documents${documents:+,}{\"kind\":\"$kind\",\"file_name\":\"$name\",\"digest\":\"$digest\"}"
    echo "stored $kind $digest"
done

# 2. One press.
body=$(tr -d '\n' <"$request" | sed 's/[[:space:]]*}[[:space:]]*$//')
accepted=$(printf '%s,"documents":[%s]}' "$body" "$documents" |
    call --header 'Content-Type: application/json' --header "Idempotency-Key: $key" --data-binary @- "$XIEZHI_URL/v1/requests")
id=$(printf '%s' "$accepted" | sed 's/.*"request":{"id":"\([^"]*\)".*/\1/')
sequence=$(printf '%s' "$accepted" | field sequence)
echo "accepted $id, receipt $sequence"

# 3. Watch it by long-poll until it is over.
version=0 state=open
while [ "$state" = open ]; do
    view=$(call "$XIEZHI_URL/v1/requests/$id?wait=30s&after_version=$version&page_len=200")
    state=$(printf '%s' "$view" | sed 's/"acts":.*"next_page"/"next_page"/' | field state)
    version=$(printf '%s' "$view" | sed 's/"acts":.*"next_page"/"next_page"/' | field version)
    echo "version $version: $(printf '%s' "$view" | sed 's/.*"counts":{\([^}]*\)}.*/\1/')"
done
echo "$state: deducted $(printf '%s' "$view" | field deducted) of $(printf '%s' "$view" | field target)"

# 4. What happened, as it stands in the trail.
call "$XIEZHI_URL/v1/requests/$id/events?limit=200" | grep -o '"e":"[^"]*"' | sort | uniq -c

# 5. For an auditor: the receipt's entry with its proof and the signed checkpoint, and the keys to check them with.
if [ -n "${XIEZHI_AUDITOR:-}" ]; then
    covered=0 tries=0
    while [ "$covered" -le "$sequence" ] && [ "$tries" -lt 5 ]; do
        [ "$tries" -eq 0 ] || sleep 1
        covered=$(call "$XIEZHI_URL/trail/checkpoint" | sed -n 2p) tries=$((tries + 1))
    done
    printf 'Authorization: Bearer %s\n' "$XIEZHI_AUDITOR" >"$headers"
    promised=$(printf '%s' "$accepted" | field leaf_hash)
    found=$(call "$XIEZHI_URL/v1/trail/entries/$sequence" | field leaf_hash)
    [ "$found" = "$promised" ] || { echo "the entry is not what the receipt promised" >&2; exit 1; }
    echo "entry $sequence is what the receipt promised"
fi
