# Completion of kindctl for bash. Now:   source <(kindctl completion bash)
# Always: kindctl completion bash >~/.local/share/bash-completion/completions/kindctl
_kindctl() {
  local rest=$COMP_LINE words=() i n word glued candidate files=
  # Bash splits words at "=" and ":" too; put together again what has no space between.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    n=${#words[@]}
    if ((n > 0)) && [[ -n $word && $rest != [[:space:]]* ]]; then
      words[n - 1]+=$word
    else
      rest=${rest#"${rest%%[![:space:]]*}"}
      words+=("$word")
    fi
    rest=${rest#"$word"}
  done
  n=${#words[@]}
  glued=${words[n - 1]%"$2"} # what bash takes for finished words already
  COMPREPLY=()
  while IFS=$'\t' read -r candidate _; do
    if [[ $candidate == :files ]]; then
      files=yes
    else
      COMPREPLY+=("${candidate#"$glued"}")
    fi
  done < <("${1/#\~/$HOME}" __complete "${words[@]:1}" 2>/dev/null)
  if [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen -f -- "$2")
  elif [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
    compopt -o nospace 2>/dev/null
  fi
}
complete -F _kindctl kindctl
