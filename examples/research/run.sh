#!/bin/sh
# A university gets two quarters of admissions: k-anonymous, and linkable by tokens of its own.
#
#   ./run.sh          4,000 admissions a quarter
#   ./run.sh --full   400,000
set -eu
n=4000
[ "${1:-}" = --full ] && n=400000
. "$(dirname "$0")/../desks.sh"
meet hospital university other
python3 "$here/make_extracts.py" source "$n"

step "What the hospital has"
sed -n 1,2p source/q1.csv

step "Two quarters, packed months apart"
for quarter in q1 q2; do
    at hospital pack "admissions=source/$quarter.csv" --recipe "$here/university.toml" \
        --to university -o "stick/$quarter.zip" --json > "$quarter.json"
    at university unpack "stick/$quarter.zip" -o "$quarter" -q > /dev/null 2>&1
done
head -n 1 q1/admissions.csv

step "What the study counts: no group smaller than ten, and people found again"
python3 "$here/count.py" q1/admissions.csv q2/admissions.csv

step "The same quarter for somebody else: no token is the same"
at hospital pack admissions=source/q1.csv --recipe "$here/university.toml" --to other \
    -o stick/other.zip --json > other.json
at other unpack stick/other.zip -o theirs -q > /dev/null 2>&1
cut -d , -f 1 q1/admissions.csv | sort -u > ours.txt
cut -d , -f 1 theirs/admissions.csv | sort -u > others.txt
echo "tokens in both: $(comm -12 ours.txt others.txt | grep -c patient_ || true)"
