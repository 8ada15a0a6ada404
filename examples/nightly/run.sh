#!/bin/sh
# Five nights in a minute, in a throw-away folder: what the job does when all is well and when not.
#
#   ./run.sh          2,000 rows
#   ./run.sh --full   1,000,000 rows
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rows=2000
[ "${1:-}" = --full ] && rows=1000000
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/outbox" "$folder/incoming"

# Both sides, on one machine. In real life each has its own, and they compare fingerprints by phone.
printf 'four unrelated words here\n' > "$folder/passphrase"
chmod 600 "$folder/passphrase"
export SECUREXFER_PASSPHRASE_FILE="$folder/passphrase"
pin() { # HOME CARD NAME FINGERPRINT
    securexfer --home "$1" contact add "$2" --as "$3" --fingerprint "$4" --no-input -q >/dev/null
}
member() { sed -n "s/.*\"$1\": \"\{0,1\}\([^\",}]*\).*/\1/p" | head -n 1; }
for side in job acme; do
    securexfer --home "$folder/$side" identity create --name "$side" --json > "$folder/$side.json"
    securexfer --home "$folder/$side" identity card -o "$folder/$side.card" -q >/dev/null
done
pin "$folder/job" "$folder/acme.card" acme "$(member fingerprint < "$folder/acme.json")"
pin "$folder/acme" "$folder/job.card" job "$(member fingerprint < "$folder/job.json")"

export SECUREXFER_HOME="$folder/job" NIGHTLY_OUTBOX="$folder/outbox" NIGHTLY_LOG="$folder/log.jsonl"
export NIGHTLY_ROWS_MIN=$((rows / 2))
night() { # KEY SOURCE...
    NIGHTLY_ONCE_PER="$1"
    shift
    NIGHTLY_SOURCE="python3 $here/cases.py $*"
    export NIGHTLY_ONCE_PER NIGHTLY_SOURCE
    code=0
    "$here/nightly.sh" > "$folder/said" || code=$?
    what=$(head -n 1 "$folder/said" | member outcome)
    [ -n "$what" ] || what=$(head -n 1 "$folder/said" | member code)
    echo "   exit code $code: $what. Bundles in the outbox: $(ls "$folder/outbox" | wc -l)"
}

echo "1. A night as it should be"
night 2026-03-01 "$rows"
echo "2. The timer fires again"
night 2026-03-01 "$rows"
echo "3. The query fails half-way"
night 2026-03-02 "$rows" $((rows * 3 / 4))
echo "4. The query finds far too little"
night 2026-03-03 $((rows / 10))
echo "5. All is well again"
night 2026-03-04 "$rows"
echo "6. The recipient opens the last one"
last=$(ls -t "$folder"/outbox/*.zip | head -n 1)
securexfer --home "$folder/acme" unpack "$last" -o "$folder/incoming" -q >/dev/null
echo "   $(wc -l < "$folder/incoming/offenders.csv") lines: $(head -n 1 "$folder/incoming/offenders.csv")"
echo "7. What the register of the job knows"
securexfer register list --json | tr '{' '\n' | sed -n 's/.*"event": "\([a-z-]*\)".*/   \1/p'
echo "8. What the log says went wrong"
sed -n 's/.*"event": "failed".*"code": "\([a-z_]*\)".*/   \1/p' "$folder/log.jsonl"
