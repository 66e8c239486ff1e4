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

// mostPlaceholders is how many are named.
const mostPlaceholders = 6

// refuseTemplate refuses a file in kind's format whose placeholders have not been
// replaced: kind would take them for values.
func refuseTemplate(data []byte, filename string) error {
	if !slices.ContainsFunc(kindGroups, func(group string) bool { return bytes.Contains(data, []byte(group)) }) {
		return nil
	}
	var problems []string
	seen := map[string]bool{}
	advice := "fill in the template as its project does, and give kindctl the result"
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
				problems = append(problems, fmt.Sprintf("%s:%d: %s is a placeholder of a template that is not filled in", filename, i+1, placeholder))
				if pattern == variable {
					advice = "fill in the template as its project does, for plain variables such as: envsubst < FILE | kindctl up --config -"
				}
			}
		}
	}
	if len(problems) == 0 {
		return nil
	}
	if more := len(problems) - mostPlaceholders; more > 0 {
		problems = append(problems[:mostPlaceholders], fmt.Sprintf("%s: %d more placeholders", filename, more))
	}
	return hint.ConfigTemplate.New(strings.Join(problems, "\n"), advice)
}
