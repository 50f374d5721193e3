# guard's hooks for zsh: eval "$(guardctl init zsh)"
typeset -g __guard_shims=@SHIMS@
typeset -g __guard_ctl=@GUARDCTL@
typeset -g __guard_mark=${__guard_mark-}

# The shims come first, once, whatever stood there before.
if (( ${+PATH} )); then
    path=("$__guard_shims" "${(@)path:#$__guard_shims}")
else
    PATH=$__guard_shims:/bin:/usr/bin
fi

# The blank makes zsh look for an alias in the next word, too.
alias guard='guard '

# The shell's own kill is seen by no shim. Jobs, lists of signals and the own group are left to it.
function kill {
    local word
    if [[ $# -eq 0 || ! -x $__guard_shims/kill ]]; then
        builtin kill "$@"
        return
    fi
    for word in "$@"; do
        case $word in
        (%*|-l*|-L*|0)
            builtin kill "$@"
            return
            ;;
        esac
    done
    if [[ $1 == -n ]]; then set -- -s "${@:2}"; fi
    "$__guard_shims/kill" "$@"
}

# The marker is made before each prompt, and nobody sees that: not $?, not the functions after it.
function __guard_prompt {
    local __guard_code=$?
    emulate -L zsh
    local mark=
    if [[ -x $__guard_ctl ]]; then mark=$("$__guard_ctl" prompt 2>/dev/null) || mark=; fi
    mark=${mark:+$mark }
    if [[ -n $__guard_mark ]]; then PROMPT=${PROMPT#"$__guard_mark"}; fi
    __guard_mark=$mark
    PROMPT=$mark${PROMPT-}
    return $__guard_code
}
typeset -ga precmd_functions
if (( ! ${precmd_functions[(Ie)__guard_prompt]} )); then precmd_functions+=(__guard_prompt); fi
