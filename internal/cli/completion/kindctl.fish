# Completion of kindctl for fish. Now:   kindctl completion fish | source
# Always: kindctl completion fish >~/.config/fish/completions/kindctl.fish
function __kindctl_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path "$current"
        else
            echo $line
        end
    end
end
complete -c kindctl -f -a '(__kindctl_complete)'
