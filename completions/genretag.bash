_genretag_completion() {
    local IFS=$'
'
    COMPREPLY=( $( env COMP_WORDS="${COMP_WORDS[*]}" \
                   COMP_CWORD=$COMP_CWORD \
                   _GENRETAG_COMPLETE=complete_bash $1 ) )
    return 0
}

complete -o default -F _genretag_completion genretag

_genretag_train_completion() {
    local IFS=$'
'
    COMPREPLY=( $( env COMP_WORDS="${COMP_WORDS[*]}" \
                   COMP_CWORD=$COMP_CWORD \
                   _GENRETAG_TRAIN_COMPLETE=complete_bash $1 ) )
    return 0
}

complete -o default -F _genretag_train_completion genretag-train
