package provider

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kind/pkg/exec"

	"github.com/kindctl/kindctl/pkg/hint"
)

// CheckGates lets the kubelet of a node image, without a node, read feature
// gates. It refuses those that it does not know, or that can no longer be
// turned off; a cluster would wait minutes for such a kubelet. The error is nil
// when the kubelet could not be asked.
func CheckGates(ctx context.Context, image string, gates map[string]bool) error {
	var words []string
	for _, gate := range slices.Sorted(maps.Keys(gates)) {
		words = append(words, fmt.Sprintf("%s=%t", gate, gates[gate]))
	}
	// Without the file that it is told to read, the kubelet ends in any case.
	err := exec.CommandContext(ctx, "docker", "run", "--rm", "--network=none", "--entrypoint=kubelet", image,
		"--feature-gates="+strings.Join(words, ","), "--config=/nonexistent").Run()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	complaint := gateComplaint(err)
	if complaint == "" {
		return nil
	}
	return hint.New(hint.Usage, "FEATURE_GATE_UNKNOWN", "Kubernetes of "+image+" refuses the feature gates: "+complaint,
		"correct featureGates, or choose another node image; gates come and go with versions: https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/")
}

// gateFailure is how the kubelet says it (kubernetes v1.37.2,
// cmd/kubelet/app/server.go).
var gateFailure = regexp.MustCompile(`failed to set feature gates from initial flags-based config: ([^\n]*?)"?\s*(\n|$)`)

// gateComplaint is what the kubelet has against its feature gates, if that is
// why it failed.
func gateComplaint(err error) string {
	run := exec.RunErrorForError(err)
	if run == nil {
		return ""
	}
	found := gateFailure.FindSubmatch(run.Output)
	if found == nil {
		return ""
	}
	return string(found[1])
}
