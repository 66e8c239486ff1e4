package clusters

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/pkg/hint"
)

var (
	// variable is what a shell and envsubst put values in place of.
	variable = regexp.MustCompile(`\$\{[A-Za-z_][^}]*\}|\$\([^)]*\)|(?:^|[\s"'/=:,@])(\$[A-Z_][A-Z0-9_]*)(?:$|[\s"'/:,])`)
	// blank is what other tools do: Go's templates and Jinja, or a script with sed.
	blank = regexp.MustCompile(`\{\{.*?\}\}|\{%.*?%\}|@[A-Z][A-Z0-9_]*@`)
)

// refuseTemplate refuses a file of kind's that scripts are to fill in, and that nobody
// has: kind would take the placeholders for values.
func refuseTemplate(data []byte, filename string) error {
	if !slices.ContainsFunc(kindGroups, func(group string) bool { return bytes.Contains(data, []byte(group)) }) {
		return nil
	}
	var problems []string
	seen := map[string]bool{}
	advice := "fill in the template, and give kindctl the result"
	for i, line := range strings.Split(string(data), "\n") {
		line, _, _ = strings.Cut(" "+line, " #") // which begins a comment
		for _, pattern := range []*regexp.Regexp{variable, blank} {
			for _, found := range pattern.FindAllStringSubmatch(line, -1) {
				placeholder := found[len(found)-1]
				if placeholder == "" {
					placeholder = found[0]
				}
				if seen[placeholder] {
					continue
				}
				seen[placeholder] = true
				problems = append(problems, fmt.Sprintf("%s:%d: %s is a placeholder, which nobody has filled in", filename, i+1, placeholder))
				if pattern == variable {
					advice = "set the variables and fill in the template: envsubst < FILE | kindctl up --config -"
				}
			}
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return hint.New(hint.Usage, "CONFIG_TEMPLATE", strings.Join(problems, "\n"), advice)
}
