#!/bin/sh
# Builds guard and installs it: programs, man pages, completions. Never touches configuration.
set -eu

usage() {
    cat <<'END'
usage: ./install.sh [--demo] [--prefix DIR] [--from DIR] [--sudo-shims[=DIR]] [--uninstall]

  --demo        afterwards shows what guard does, on a toy fleet in a scratch folder
  --prefix DIR  installs below DIR; without it /usr/local for root, else ~/.local
  --from DIR    takes the programs from DIR and builds nothing
  --sudo-shims  also installs shims, and a sudoers file in DIR (/etc/sudoers.d) that puts them at the
                front of the PATH that sudo gives its commands
  --uninstall   removes what an installation below the prefix brought, and nothing else

Needs a Rust toolchain (https://rustup.rs), a C compiler and git.
END
}

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

demo='' prefix='' from='' uninstall='' sudoers=''
while [ $# -gt 0 ]; do
    case $1 in
    --demo) demo=yes ;;
    --prefix) prefix=${2:?--prefix needs a folder} && shift ;;
    --prefix=*) prefix=${1#*=} ;;
    --from) from=${2:?--from needs a folder} && shift ;;
    --from=*) from=${1#*=} ;;
    --sudo-shims) sudoers=/etc/sudoers.d ;;
    --sudo-shims=*) sudoers=${1#*=} ;;
    --uninstall) uninstall=yes ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && fail "unknown option '$1'" ;;
    esac
    shift
done

if [ -z "$prefix" ]; then
    if [ "$(id -u)" -eq 0 ]; then prefix=/usr/local; else prefix=${HOME:?say where with --prefix}/.local; fi
fi
case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
[ "$prefix" = / ] || prefix=${prefix%/}
case $from in '' | /*) ;; *) from=$PWD/$from ;; esac
here=$(cd "$(dirname "$0")" && pwd)
# What was installed, one a line, relative to the prefix; a folder that was made ends with '/'.
manifest=$prefix/share/guard/installed
shims=$prefix/lib/guard/shims
# Where the sudoers file stands, and by which first line it is known again.
sudoers_place=share/guard/sudoers
sudoers_mark='# Made by install.sh of guard: the shims come first in what sudo starts.'

# Removes files of a list (standard input), then the folders that were made for them and are empty.
remove_listed() {
    sort -r | while IFS= read -r entry; do
        case $entry in
        '' | /* | *..*) ;;
        ./) rmdir -- "$prefix" 2>/dev/null || true ;;
        */) rmdir -- "$prefix/$entry" 2>/dev/null || true ;;
        *) rm -f -- "$prefix/$entry" ;;
        esac
    done
}

if [ -n "$uninstall" ]; then
    [ -f "$manifest" ] || fail "nothing is installed below $prefix"
    listed=$(cat "$manifest")
    if [ -f "$prefix/$sudoers_place" ]; then
        file=$(cat "$prefix/$sudoers_place")
        if [ "$(head -n 1 "$file" 2>/dev/null)" = "$sudoers_mark" ]; then rm -f -- "$file"; fi
    fi
    if [ -d "$shims" ]; then
        # Something that is not guard's own link stays, and is said.
        "$prefix/bin/guardctl" shims remove --dir "$shims" >/dev/null || true
    fi
    # It stays behind, empty, where the shims were removed by hand before.
    rmdir -- "$prefix/lib/guard" 2>/dev/null || true
    # The list itself goes first, so that its folder is empty when its turn comes.
    rm -f -- "$manifest"
    printf '%s\n' "$listed" | remove_listed
    echo "guard is removed from $prefix. Configuration and records stay where they are."
    exit 0
fi

build() {
    command -v cargo >/dev/null || fail "cargo is not in PATH: install Rust from https://rustup.rs"
    command -v cc >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null ||
        fail "there is no C compiler: install gcc or clang"
    echo "Building (a few minutes the first time)..."
    (cd "$here" && cargo build --release --locked --bins) || fail "the build failed"
    target=$(cd "$here" && cargo metadata --format-version 1 --no-deps --locked |
        sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
    from=$target/release
}

[ -n "$from" ] || build
[ -x "$from/guard" ] || fail "there is no guard in $from"

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM HUP
: >"$work/new"

# folder DIR: makes a folder below the prefix; what did not exist is noted.
folder() {
    if [ -d "$prefix/$1" ]; then return; fi
    if [ "$1" != . ]; then folder "$(dirname "$1")"; fi
    mkdir -p -- "$prefix/$1" || fail "$prefix/$1 can't be made; choose another --prefix"
    echo "$1/" >>"$work/new"
}

# place MODE SOURCE FILE: installs a file below the prefix in one step, also over a running program.
place() {
    folder "$(dirname "$3")"
    cp -- "$2" "$prefix/$3.new$$" || fail "$prefix/$3 can't be written; choose another --prefix"
    chmod "$1" "$prefix/$3.new$$"
    mv -f -- "$prefix/$3.new$$" "$prefix/$3"
    echo "$3" >>"$work/new"
}

for program in guard guardctl guard-shell; do
    if [ -x "$from/$program" ]; then place 755 "$from/$program" "bin/$program"; fi
done

# guardctl writes its own man pages and completions.
mkdir "$work/man"
if "$from/guardctl" man "$work/man" >/dev/null 2>&1; then
    for page in "$work"/man/*.1; do
        place 644 "$page" "share/man/man1/$(basename "$page")"
    done
fi
completions() {
    if "$from/guardctl" completions "$1" "$2" >"$work/$1" 2>/dev/null && [ -s "$work/$1" ]; then
        place 644 "$work/$1" "$3"
    fi
}
for program in guard guardctl; do
    completions bash "$program" "share/bash-completion/completions/$program"
    completions zsh "$program" "share/zsh/site-functions/_$program"
    completions fish "$program" "share/fish/vendor_completions.d/$program.fish"
done

# sudo gives its commands a PATH of its own. The file is checked before sudo can see it.
sudo_shims() {
    command -v visudo >/dev/null || fail "there is no visudo: is sudo installed?"
    case $shims in *[!A-Za-z0-9/_.+-]*) fail "$shims can't be written into a sudoers file" ;; esac
    [ -d "$sudoers" ] || fail "there is no folder $sudoers"
    file=$sudoers/guard-shims
    if [ -e "$file" ] && [ "$(head -n 1 "$file")" != "$sudoers_mark" ]; then
        fail "$file is not guard's: it stays"
    fi
    folder lib/guard/shims
    "$prefix/bin/guardctl" shims install --dir "$shims" 2>/dev/null || fail "the shims can't be installed in $shims"
    # What sudo starts is judged by the shims, once; one for sudo itself would judge it before.
    "$prefix/bin/guardctl" shims remove --dir "$shims" sudo >/dev/null
    rest=$(LC_ALL=C sudo -V 2>/dev/null | sed -n "s/^Value to override user's \$PATH with: //p")
    rest=${rest#"$shims:"}
    {
        echo "$sudoers_mark"
        echo "Defaults secure_path=\"$shims:${rest:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}\""
    } >"$work/sudoers"
    chmod 440 "$work/sudoers"
    visudo -cf "$work/sudoers" >/dev/null || fail "visudo does not take the sudoers file; nothing was changed for sudo"
    # sudo passes over names with a dot.
    cp -p -- "$work/sudoers" "$file.new$$" || fail "$file can't be written"
    mv -f -- "$file.new$$" "$file"
    echo "$file" >"$work/place"
    place 644 "$work/place" "$sudoers_place"
}
if [ -n "$sudoers" ]; then
    sudo_shims
elif [ -f "$prefix/$sudoers_place" ]; then
    echo "$sudoers_place" >>"$work/new"
fi

# Files of an earlier installation that this one no longer has go; folders it made stay noted.
folder share/guard
if [ -f "$manifest" ]; then
    grep '/$' "$manifest" >>"$work/new" || true
    grep -v '/$' "$manifest" | grep -vxF -f "$work/new" | remove_listed
fi
sort -u "$work/new" >"$work/installed"
cp -- "$work/installed" "$manifest.new$$"
mv -f -- "$manifest.new$$" "$manifest"

echo "guard is installed in $prefix/bin."
case :${PATH-}: in
*":$prefix/bin:"*) ;;
*) echo "That folder is not in your PATH; add this to your shell's profile:
  export PATH=\"$prefix/bin:\$PATH\"" ;;
esac

if [ -n "$demo" ]; then
    GUARD_BIN=$prefix/bin "$here/examples/demo.sh"
else
    echo "Try it: guard --plan rm -rf FOLDER, or ./install.sh --demo"
fi
