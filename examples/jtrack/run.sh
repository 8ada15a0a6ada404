#!/bin/sh
# The loss of 2008 once more, in a throw-away folder, with securexfer in the way of it.
#
#   ./run.sh          12,700 made-up records
#   ./run.sh --full   127,000, as they were
set -eu
per_cent=10
[ "${1:-}" = --full ] && per_cent=100
. "$(dirname "$0")/../desks.sh"
full=${1:-}
meet ministry contractor colleague
python3 "$here/make_extracts.py" source "$per_cent"

step "What a finder would have had in 2008: the extracts as they are"
sed -n 2p source/six_or_more.csv

step "What leaves instead, by a recipe for an evaluator"
took_from=$(now)
at ministry pack source/six_or_more.csv source/prolific.csv source/prisoners.csv \
    --recipe "$here/evaluator.toml" --to contractor -o stick --check-drive --json > packed.json
took_to=$(now)
[ "$full" != --full ] || say_time "Packing" "$took_from" "$took_to"
bundle=stick/$(ls stick)
echo "Bundle: $(ls stick | wc -l), sealed to one recipient"

step "What a finder sees now"
at finder inspect "$bundle" 2> /dev/null | grep -c . | sed 's/$/ lines, and none of them names a table, a field or a person/'

step "The contractor unpacks, and the receipt goes back"
at contractor unpack "$bundle" -o incoming -q > /dev/null 2>&1
sed -n 1,2p incoming/six_or_more.csv | sed 's/_[0-9a-f]\{24\}/_TOKEN/'
at ministry receipt import incoming/*.receipt -q > /dev/null

step "Somebody copies a table to another stick; a check of it finds that"
mkdir second && cp source/prolific.csv second
code=0
at contractor drive check second > checked.txt 2>/dev/null || code=$?
echo "exit code $code"

step "A colleague gets it as it is, sealed anew: no plaintext in between"
at contractor forward "$bundle" --to colleague -o stick/forwarded.zip -q > /dev/null
at colleague verify stick/forwarded.zip | grep -E 'Packed by|Forwarded by|Every check' | sed 's/, 20.*//'

step "The stick is lost. What was on it?"
at ministry breach-report --recipient contractor --aware-at 2026-01-01 > report.md
grep -E '^\| (Records|Kinds of data|A key on the same drive) ' report.md | sed 's/ (20.*)//'
grep -E '^### Table' report.md
grep -E 'These columns' report.md
