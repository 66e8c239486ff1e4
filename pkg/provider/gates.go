package provider

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// CheckGates lets the kubelet of a node image, without a node, read feature
// gates, and returns what it has against each: that it does not know it, or that it
// can no longer be turned off. A cluster would wait minutes for such a kubelet.
// There are no complaints when the kubelet could not be asked.
func CheckGates(ctx context.Context, image string, gates map[string]bool) (complaints []string, err error) {
	var words []string
	for _, gate := range slices.Sorted(maps.Keys(gates)) {
		words = append(words, fmt.Sprintf("%s=%t", gate, gates[gate]))
	}
	var script strings.Builder
	ask := func(gates string) { // which ends for lack of the file
		fmt.Fprintf(&script, "%s; timeout 20 kubelet%s --config=/nonexistent 2>&1\n", mark(gates), quoted([]string{"--feature-gates=" + gates}))
	}
	ask(strings.Join(words, ","))
	for _, word := range words { // of all together the kubelet names one
		ask(word)
	}
	out, err := inside(ctx, image, script.String()+"true\n")
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, nil
	}
	said := sections(out)
	together := gateComplaint(said[strings.Join(words, ",")])
	if together == "" {
		return nil, nil
	}
	for _, word := range words {
		if complaint := gateComplaint(said[word]); complaint != "" && !strings.Contains(complaint, "depends on") { // on one of the others, maybe
			complaints = append(complaints, complaint)
		}
	}
	if len(complaints) == 0 { // they do not go together
		complaints = []string{together}
	}
	return complaints, nil
}

// gateFailure is how the kubelet says it (kubernetes v1.37.2,
// cmd/kubelet/app/server.go).
var gateFailure = regexp.MustCompile(`failed to set feature gates from initial flags-based config: ([^\n]*?)"?\s*(\n|$)`)

// gateComplaint is what the kubelet has against its feature gates, if that is
// why it failed.
func gateComplaint(said string) string {
	found := gateFailure.FindStringSubmatch(said)
	if found == nil {
		return ""
	}
	return found[1]
}
