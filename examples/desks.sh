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
meet() { # DESK...
    for one in "$@"; do
        at "$one" identity create --name "$one" --json > "$one.json" 2>/dev/null
        at "$one" identity card -o "$one.card" -q > /dev/null
    done
    for one in "$@"; do
        for other in "$@"; do
            [ "$one" = "$other" ] && continue
            at "$one" contact add "$other.card" --as "$other" \
                --fingerprint "$(member fingerprint < "$other.json")" -q > /dev/null
        done
    done
}
now() { date +%s%N; } # nanoseconds, by the clock
say_time() { # WHAT FROM TO
    echo "$1 took $((($3 - $2) / 1000000)) ms, start of the program, checks and reading back included"
}
step() { printf '\n-- %s\n' "$*"; }
