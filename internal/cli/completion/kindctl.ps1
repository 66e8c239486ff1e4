# Completion of kindctl for PowerShell. Now:  kindctl completion powershell | Out-String | Invoke-Expression
# Always: put that line into the file that $PROFILE names.
Register-ArgumentCompleter -Native -CommandName kindctl -ScriptBlock {
    param($word, $tree, $cursor)
    $typed = @($tree.CommandElements | Where-Object { $_.Extent.StartOffset -lt $cursor } | ForEach-Object { $_.Extent.Text })
    $rest = @($typed | Select-Object -Skip 1)
    if ($word -eq '') { $rest += ' ' } # an empty word would not arrive
    & $typed[0] __complete @rest 2>$null | ForEach-Object {
        $candidate, $says = $_ -split "`t", 2
        if ($candidate -ne ':files') {
            if (-not $says) { $says = $candidate }
            [System.Management.Automation.CompletionResult]::new($candidate, $candidate, 'ParameterValue', $says)
        }
    }
}
