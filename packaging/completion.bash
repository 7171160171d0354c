# bash completion for certmend: the program itself knows its commands and options.
# SHELL is set since the list has another form for other shells.
_certmend() {
    local words
    mapfile -t words < <(SHELL=/bin/bash certmend --get-yargs-completions "${COMP_WORDS[@]}" 2>/dev/null)
    mapfile -t COMPREPLY < <(compgen -W "${words[*]}" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o bashdefault -o default -F _certmend certmend
