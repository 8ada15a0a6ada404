#!/bin/sh
# A printer of warrant cards gets what is printed on them, photographs included, and nothing else.
#
#   ./run.sh          47 officers
#   ./run.sh --full   47,000, which takes some minutes: their photographs are drawn, and made anew
set -eu
n=47
[ "${1:-}" = --full ] && n=47000
. "$(dirname "$0")/../desks.sh"
full=${1:-}
meet police printer
python3 "$here/make_extract.py" officers.csv "$n"

step "A photograph as the camera left it"
python3 "$here/look.py" photos/photo-00001.jpg

step "The recipe that asks for name, photograph and vetting level together"
sed 's/^card_number/vetting_level = { action = "keep" }\ncard_number/' "$here/printer.toml" > greedy.toml
code=0
at police recipe check greedy.toml officers.csv > /dev/null 2> refused.txt || code=$?
echo "exit code $code"

step "The recipe of the agreement"
took_from=$(now)
at police pack officers.csv --recipe "$here/printer.toml" --to printer -o stick --json > packed.json
took_to=$(now)
[ "$full" != --full ] || say_time "Packing" "$took_from" "$took_to"
at printer unpack "stick/$(ls stick)" -o incoming -q > /dev/null 2>&1
head -n 1 incoming/officers.csv
tar -xf incoming/officers-attachments.tar -C incoming
echo "$(ls incoming/*.jpg | wc -l) photographs"

step "The same photograph at the printer's"
python3 "$here/look.py" "$(ls incoming/*.jpg | head -n 1)"

step "What the printer holds, and what was never sent"
at police receipt import incoming/*.receipt -q > /dev/null
at police breach-report --recipient printer > report.md
grep -E '^\| (Bundles|Records) ' report.md
grep -E 'These columns|Attached files' report.md
