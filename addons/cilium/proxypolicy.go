package cilium

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/kindctl/kindctl/internal/kube"
)

// proxyPolicy refuses Cilium's network policies that need a proxy which the agents do
// not have. The API server would store them, and no agent would enforce them: what
// they select would be open to all (Cilium v1.20, pkg/policy/api/rule_validation.go).
//
//go:embed proxypolicy.yaml
var proxyPolicy []byte

// refuseUnenforced installs the refusal. It reads the agents' own configuration, so
// that it ends when a user turns the proxy on.
func refuseUnenforced(ctx context.Context, client *kube.Client) error {
	objects, err := kube.Decode(proxyPolicy)
	if err != nil {
		return fmt.Errorf("read the admission policy for network policies: %w", err)
	}
	return client.Apply(ctx, objects)
}
