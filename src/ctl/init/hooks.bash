#!/bin/bash
# guard's hooks for bash: eval "$(guardctl init bash)"
__guard_shims=@SHIMS@
__guard_ctl=@GUARDCTL@

# The shims come first, once, whatever stood there before.
__guard_rest=":${PATH-/bin:/usr/bin}:"
while [[ $__guard_rest == *":$__guard_shims:"* ]]; do
    __guard_rest=${__guard_rest/":$__guard_shims:"/:}
done
__guard_rest=${__guard_rest#:}
__guard_rest=${__guard_rest%:}
PATH=$__guard_shims${__guard_rest:+:$__guard_rest}
unset __guard_rest

# The blank makes bash look for an alias in the next word, too.
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
        %* | -l* | -L* | 0)
            builtin kill "$@"
            return
            ;;
        esac
    done
    if [[ $1 == -n ]]; then set -- -s "${@:2}"; fi
    "$__guard_shims/kill" "$@"
}

# The marker is made before each prompt, and nobody sees that: not $?, not the commands after it.
function __guard_prompt {
    local code=$?
    __guard_mark=
    if [[ -x $__guard_ctl ]]; then __guard_mark=$("$__guard_ctl" prompt 2>/dev/null) || __guard_mark=; fi
    __guard_mark=${__guard_mark:+$__guard_mark }
    # shellcheck disable=SC2016 # bash fills it in each time it prompts
    if [[ ${PS1-} != '${__guard_mark-}'* ]]; then PS1='${__guard_mark-}'${PS1-}; fi
    return "$code"
}
if [[ $- == *i* && " ${PROMPT_COMMAND[*]-} " != *__guard_prompt* ]]; then
    if [[ $(declare -p PROMPT_COMMAND 2>/dev/null) == 'declare -a'* ]]; then
        PROMPT_COMMAND+=(__guard_prompt)
    else
        # shellcheck disable=SC2178,SC2128 # it is no list here
        PROMPT_COMMAND=${PROMPT_COMMAND:+$PROMPT_COMMAND$'\n'}__guard_prompt
    fi
fi
