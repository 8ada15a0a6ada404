# Read by the run.sh of the examples: a throw-away folder, and desks in it that have pinned each other.
# In real life each desk is a machine of its own, and fingerprints are compared over the phone.
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/stick"
printf 'four unrelated words here\n' > "$folder/passphrase"
chmod 600 "$folder/passphrase"
export SECUREXFER_PASSPHRASE_FILE="$folder/passphrase"
cd "$folder"

member() { sed -n "s/.*\"$1\": \"\{0,1\}\([^\",}]*\).*/\1/p" | head -n 1; }
at() { # DESK COMMAND...: run a command at a desk
    desk=$1
    shift
    securexfer --home "$folder/home-$desk" --no-input "$@"
}
introduce() { # DESK: it makes its identity, and a card of it
    at "$1" identity create --name "$1" --json > "$1.json" 2>/dev/null
    at "$1" identity card -o "$1.card" -q > /dev/null
}
pin() { # DESK OTHER...: it pins the cards of the others
    desk=$1
    shift
    for other in "$@"; do
        [ "$desk" = "$other" ] && continue
        at "$desk" contact add "$other.card" --as "$other" \
            --fingerprint "$(member fingerprint < "$other.json")" -q > /dev/null
    done
}
wait_for() { # JOB...: fails if one of them does
    for one in "$@"; do wait "$one"; done
}
meet() { # DESK...: each is a machine of its own, so all do it at the same time
    jobs=
    for one in "$@"; do introduce "$one" & jobs="$jobs $!"; done
    wait_for $jobs
    jobs=
    for one in "$@"; do pin "$one" "$@" & jobs="$jobs $!"; done
    wait_for $jobs
}
now() { date +%s%N; } # nanoseconds, by the clock
say_time() { # WHAT FROM TO
    echo "$1 took $((($3 - $2) / 1000000)) ms, start of the program, checks and reading back included"
}
step() { printf '\n-- %s\n' "$*"; }
