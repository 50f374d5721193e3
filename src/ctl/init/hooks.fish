# guard's hooks for fish: guardctl init fish | source
set -g __guard_shims @SHIMS@
set -g __guard_ctl @GUARDCTL@

# The shims come first, once, whatever stood there before. (fish has no kill of its own.)
set -l __guard_rest
for entry in $PATH
    test "$entry" != "$__guard_shims"; and set -a __guard_rest $entry
end
set -gx PATH $__guard_shims $__guard_rest

# An alias of fish is a function, which no program can start: its words are put in its place.
function guard --wraps sudo --description 'Counts what a command would hit, and asks before it hits too much'
    if set -q argv[1]; and functions -q -- $argv[1]
        set -l body (functions -- $argv[1] | string match -v -r '^\s*#')
        set -l words (string match -r -g -- '^\s*(.*\S)\s+\$argv;?\s*$' $body)
        if test (count $words) -eq 1; and string match -q -- '*\'alias *' $body[1]
            set -l rest (string escape -- $argv[2..-1])
            eval command guard $words $rest
            return
        end
    end
    command guard $argv
end

# The mode prompt is printed before the prompt, which then finds $status and $pipestatus as they were.
if not functions -q __guard_mode_prompt
    if functions -q fish_mode_prompt
        functions --copy fish_mode_prompt __guard_mode_prompt
    else
        function __guard_mode_prompt
        end
    end
end
function fish_mode_prompt
    if test -x $__guard_ctl
        set -l mark ($__guard_ctl prompt 2>/dev/null)
        test -n "$mark"; and printf '%s ' $mark
    end
    __guard_mode_prompt
end
