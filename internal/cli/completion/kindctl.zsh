#compdef kindctl
# Completion of kindctl for zsh. Now:    source <(kindctl completion zsh)
# Always: kindctl completion zsh >"${fpath[1]}/_kindctl"
_kindctl() {
  local line files=
  local -a spaced open
  for line in "${(@f)$("${words[1]}" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      '') ;;
      :files) files=yes ;;
      *=$'\t'*) open+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
      *) spaced+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
    esac
  done
  (( $#spaced )) && _describe kindctl spaced
  (( $#open )) && _describe kindctl open -S ''
  [[ -n $files ]] && _files
}
if [[ ${funcstack[1]} == _kindctl ]]; then
  _kindctl "$@"
else
  compdef _kindctl kindctl
fi
