#!/usr/bin/env bash
# 28 February 2017 again, on a toy fleet and on real files, in a scratch folder that is removed at
# the end. Checks itself: exits with 1 where a step did not do what it says.
#
#   examples/demo.sh [fleet] [files]          with the guard that PATH finds, all parts or some
#   GUARD_BIN=target/release examples/demo.sh
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ -z "${GUARD_BIN-}" ] || PATH=$(cd "$GUARD_BIN" && pwd):$PATH
PATH=$here:$PATH
scratch=$(mktemp -d) || exit 1
trap 'rm -rf -- "$scratch"' EXIT
trap 'exit 130' INT TERM HUP
# guard looks for its configuration here, and keeps its records here, not in your own folders.
export XDG_CONFIG_HOME=$scratch/config XDG_STATE_HOME=$scratch/state FLEET_DIR=$scratch/fleet
unset CI
failed=0

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); fi

title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
say() { printf '\n%s\n' "$*"; }
wrong() {
    printf 'demo: %s\n' "$*"
    failed=1
}

# Words as they would be typed.
typed() {
    local word
    for word in "$@"; do
        case $word in
        '' | *[!A-Za-z0-9_./=,%:@+-]*) printf " '%s'" "$word" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
}

# show CODE COMMAND…: prints the command, runs it, holds its exit code against CODE.
# What it printed is left in $output for `holds`.
show() {
    local expected=$1 code=0
    shift
    printf '%s$%s%s\n' "$bold" "$(typed "$@")" "$plain"
    if [ -n "$interrupt_after" ]; then ctrl_c & fi
    # Its own process id stands in a file, for ctrl_c.
    output=$(sh -c 'echo $$ >"$0" && exec "$@"' "$scratch/pid" "$@" 2>&1 </dev/null) || code=$?
    [ -z "$output" ] || printf '%s\n' "$output"
    [ "$code" -eq 0 ] || printf '(exit code %s)\n' "$code"
    [ "$code" -eq "$expected" ] || wrong "the exit code should have been $expected, not $code"
}

# Presses Ctrl-C, as it were, when the server $interrupt_after is gone.
interrupt_after=''
ctrl_c() {
    for _ in $(seq 600); do
        if [ ! -e "$FLEET_DIR/$interrupt_after" ]; then
            kill -INT "$(cat "$scratch/pid")" 2>/dev/null
            return
        fi
        sleep 0.1
    done
}

# holds TEXT…: each must stand in what the last command printed.
holds() {
    local text
    for text in "$@"; do
        case $output in
        *"$text"*) ;;
        *) wrong "it should have said: $text" ;;
        esac
    done
}

silent() { [ -z "$output" ] || wrong "it should have said nothing"; }

# left ROLE NUMBER: so many servers must be there.
left() {
    local found
    found=$(fleetctl members "$1" | wc -l)
    [ "$found" -eq "$2" ] || wrong "$2 $1 servers should be left, not $found"
}

# many COUNT FOLDER: makes so many real files.
many() {
    mkdir -p "$2"
    (cd "$2" && seq -f 'record-%04.0f.txt' "$1" | xargs touch)
}

fleet() {
    title "The fleet: 28 February 2017 again"
    say "An operator takes a few billing servers out of service, with a tool that knows no limits.
The toy of it is $(wc -l <"$here/fleetctl") lines of shell; each server is a file."
    show 0 fleetctl status
    holds "60 index" "20 placement" "40 billing"

    say "guard learns the tool from a small file, $(wc -l <"$here/fleetctl.toml") lines with its test:"
    show 0 cat "$here/fleetctl.toml"
    say "And the site says what has to stay, in $(wc -l <"$here/guard.toml") lines:"
    show 0 cat "$here/guard.toml"
    mkdir -p "$XDG_CONFIG_HOME/guard/tools"
    cp "$here/fleetctl.toml" "$XDG_CONFIG_HOME/guard/tools/"
    cp "$here/guard.toml" "$XDG_CONFIG_HOME/guard/"

    say "The command that was meant: five billing servers. guard counts, and stays silent."
    show 0 guard fleetctl remove 'billing-[1-5]'
    [ "$output" = "$(fleetctl_says billing 1 5)" ] || wrong "only fleetctl should have spoken"
    left billing 35

    say "The slip: one input mistyped, and it is most of the index subsystem. Nothing is removed."
    show 120 guard fleetctl remove 'index-[1-50]'
    holds "50 of 60 index servers" "leave 10" "at least 40" "guard fleetctl remove 'index-[1-20]'"
    left index 60

    say "What guard offers is as much as can go, and that is a third of a subsystem: in stages, then."
    show 0 guard --no-input --expect 20 --stages 1,5,50%,100% fleetctl remove 'index-[1-20]'
    holds "stage 1 of 4" "removed index-1" "stage 4 of 4" "removed index-20" "done: 20"
    left index 40

    say "The floor holds for the next one who tries, however little it is."
    show 120 guard fleetctl remove index-21
    holds "at least 40"
    left index 40

    say "Second thoughts: twelve billing servers in two stages, and Ctrl-C in the pause after the first."
    interrupt_after=billing-10
    show 119 guard --no-input --expect 12 --stages 5,100% --pause 30s fleetctl remove 'billing-[6-17]'
    interrupt_after=''
    holds "the rollout stopped: Ctrl-C" "5: billing-[6-10]" "untouched: 7: billing-[11-17]"
    left billing 30
    local id=${output##*guardctl rollout resume }

    say "Nothing is lost: guard knows what is done. Who resumes does that once, and no more."
    show 0 guardctl rollout list
    holds "stopped"
    show 0 guardctl rollout resume "${id%%[!0-9a-f-]*}" --no-input
    holds "removed billing-11" "removed billing-17"
    left billing 23
}

fleetctl_says() { seq -f "removed $1-%.0f" "$2" "$3"; }

files() {
    title "The same with real files"
    cd "$scratch" || exit 1
    many 2500 node_modules
    many 3600 archive
    say "A build folder with 2,500 files can be made again: no question is asked."
    show 0 guard rm -rf node_modules
    silent
    [ ! -e node_modules ] || wrong "the build folder should be gone"

    say "An archive with 3,600 files is another matter. Nobody can be asked here, so it stays.
(The folder itself counts as well.)"
    show 122 guard --no-input rm -rf archive
    holds "3,601 files" "--expect 3601"
    [ "$(find archive -type f | wc -l)" -eq 3600 ] || wrong "no file should be gone"

    say "One who expects less than there is has nothing removed either."
    show 123 guard --no-input --expect 361 rm -rf archive
    holds "3,601 files"
    [ "$(find archive -type f | wc -l)" -eq 3600 ] || wrong "no file should be gone"

    say "One who knows the number may go on."
    show 0 guard --no-input --expect 3601 rm -rf archive
    [ ! -e archive ] || wrong "the archive should be gone"
}

command -v guard >/dev/null || { echo "demo: guard is not in PATH; set GUARD_BIN" >&2; exit 1; }
for role in index:60 placement:20 billing:40; do
    mkdir -p "$FLEET_DIR"
    (cd "$FLEET_DIR" && seq -f "${role%:*}-%.0f" "${role#*:}" | xargs touch)
done
[ $# -gt 0 ] || set -- fleet files
for part in "$@"; do
    case $part in
    fleet)
        if [ -d /etc/guard ]; then
            say "This machine has its own rules in /etc/guard, so a tool file of the operator's does not count
here, and the part with the fleet is left out."
        else
            fleet
        fi
        ;;
    files) files ;;
    *) wrong "there is no part '$part'" ;;
    esac
done
if [ "$failed" -ne 0 ]; then
    say "The demo failed: see the lines that begin with 'demo:'."
    exit 1
fi
say "Everything went as said, in $SECONDS seconds; the scratch folder is removed."
