#!/bin/sh
# The job. systemd, cron and the container all start this.
#
# Exit code 0: sent, or nothing to send, or sent already (see "outcome" in the line that it prints).
# Anything else: nothing was sent; docs/errors.md says who can help.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
: "${NIGHTLY_OUTBOX:?the folder for bundles}"
: "${NIGHTLY_TO:=acme}"
# What the database is asked, without a shell. Its password is in PGPASSFILE, never here.
: "${NIGHTLY_SOURCE:=psql -X -q -v ON_ERROR_STOP=1 -f $here/offenders.sql}"
# A query that finds fewer is taken for a broken one.
: "${NIGHTLY_ROWS_MIN:=1}"

securexfer pack \
    --source-command "offenders=$NIGHTLY_SOURCE" \
    --source-timeout 3600 \
    --expect-rows-min "$NIGHTLY_ROWS_MIN" \
    --recipe "$here/offenders.toml" \
    --to "$NIGHTLY_TO" \
    -o "$NIGHTLY_OUTBOX" \
    --name-template "{date}-{bundle_id}.sxfer.zip" \
    --once-per "${NIGHTLY_ONCE_PER:-day}" \
    --log-file "${NIGHTLY_LOG:-journal}" \
    --no-input --json

# What recipients have fetched long ago need not lie here as well.
securexfer outbox prune "$NIGHTLY_OUTBOX" --older-than 30 \
    --log-file "${NIGHTLY_LOG:-journal}" --no-input --json
