package provider

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"sigs.k8s.io/kind/pkg/cluster/constants"
	"sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/internal/kindpatch"
)

// kubeadmConfig is where kind leaves a node's configuration for kubeadm (kind
// v0.33.0, pkg/cluster/internal/create/actions/config).
const kubeadmConfig = "/kind/kubeadm.conf"

// Init has kubeadm make a node the first control plane of its cluster, with kind's
// arguments (kind v0.33.0, pkg/cluster/internal/create/actions/kubeadminit).
func (n *Node) Init(ctx context.Context) error {
	return n.kubeadm(ctx, "init", "--config="+kubeadmConfig, "--skip-token-print", "--v=6")
}

// Join has kubeadm make a container a node of its cluster, with kind's arguments (kind
// v0.33.0, pkg/cluster/internal/create/actions/kubeadmjoin).
func (n *Node) Join(ctx context.Context) error {
	return n.kubeadm(ctx, "join", "--config="+kubeadmConfig, "--v=6")
}

func (n *Node) kubeadm(ctx context.Context, command string, arguments ...string) error {
	output, code, err := n.Exec(ctx, append([]string{"kubeadm", command}, arguments...)...)
	if err != nil {
		return err
	}
	if code != 0 {
		return errors.New(withLastLines(fmt.Sprintf("kubeadm %s in %s: exit status %d", command, n.Name, code), output))
	}
	return nil
}

// bootRetry is how often a container that was just started is asked whether its
// systemd has booted, until there is one that can be asked to wait.
const bootRetry = 200 * time.Millisecond

// WaitForBoot waits until the node's systemd has started everything.
func (n *Node) WaitForBoot(ctx context.Context) error {
	for {
		// A unit may have failed ("degraded"): whether that matters, kubeadm finds out. The
		// output is more precise than the exit code.
		state, _, err := n.Exec(ctx, "systemctl", "is-system-running", "--wait")
		if state == "running" || state == "degraded" {
			return nil
		}
		if err != nil {
			state = err.Error()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not boot: %s: %w", n.Name, state, context.Cause(ctx))
		case <-time.After(bootRetry):
		}
	}
}

// Configure writes the node's configuration for kubeadm, after that of a node which has
// joined in the same way. Discovery and TLS bootstrap take the token.
func (n *Node) Configure(ctx context.Context, like *Node, token string) error {
	config, err := like.ReadFile(ctx, kubeadmConfig)
	if err != nil {
		return err
	}
	return n.configure(ctx, like, config, token)
}

// configure is Configure with the other node's configuration, and with patches of the
// JoinConfiguration. A token of "" leaves the one that is there.
func (n *Node) configure(ctx context.Context, like *Node, config []byte, token string, patches ...kindpatch.Patch) error {
	old, own := like.endpoint, n.endpoint
	if old == nil || own == nil {
		return fmt.Errorf("%s and %s are not both on a network", like.Name, n.Name)
	}
	replaced := map[string]string{like.Name: n.Name}
	for from, to := range map[netip.Addr]netip.Addr{old.IPAddress: own.IPAddress, old.GlobalIPv6Address: own.GlobalIPv6Address} {
		if from.IsValid() && to.IsValid() {
			replaced[from.String()] = to.String()
		}
	}
	joining, err := joinConfig(string(config), n.Role, token, replaced, patches...)
	if err != nil {
		return fmt.Errorf("%s in %s: %w", kubeadmConfig, like.Name, err)
	}
	return n.WriteFiles(ctx, File{Path: kubeadmConfig, Mode: 0o644, Content: []byte(joining)})
}

// separator stands between the documents of a YAML file.
var separator = regexp.MustCompile(`(?m)^---\s*$`)

// joinConfig is another node's configuration of kubeadm as that of a node which
// joins: with words replaced, the token unless it is "", and patches. The other documents
// stay: kind's entrypoint takes the API server's certificate from them when an address
// changes.
func joinConfig(text, role, token string, replaced map[string]string, patches ...kindpatch.Patch) (string, error) {
	var documents []string
	joins := false
	for _, document := range separator.Split(text, -1) {
		var config map[string]any
		if err := yaml.Unmarshal([]byte(document), &config); err != nil {
			return "", err
		}
		if len(config) == 0 {
			continue
		}
		config, _ = rewritten(config, replaced).(map[string]any)
		if config["kind"] == kindpatch.JoinConfiguration {
			if joins = true; token != "" {
				discovery, _ := config["discovery"].(map[string]any)
				bootstrap, _ := discovery["bootstrapToken"].(map[string]any)
				if bootstrap == nil {
					return "", errors.New("there is no discovery.bootstrapToken")
				}
				bootstrap["token"] = token
			}
			if role != constants.ControlPlaneNodeRoleValue {
				delete(config, "controlPlane")
			}
			patched := kindpatch.Documents{kindpatch.JoinConfiguration: config}
			for _, patch := range patches {
				if _, err := patch.Apply(patched); err != nil {
					return "", err
				}
			}
			config = patched[kindpatch.JoinConfiguration]
		}
		data, err := yaml.Marshal(config)
		if err != nil {
			return "", err
		}
		documents = append(documents, string(data))
	}
	if !joins {
		return "", errors.New("there is no JoinConfiguration")
	}
	return strings.Join(documents, "---\n"), nil
}

// word is a name or an address, and what separates them in a configuration.
var word = regexp.MustCompile(`[^\s,/=]+`)

// rewritten replaces whole words in every string of a document.
func rewritten(value any, replaced map[string]string) any {
	switch v := value.(type) {
	case map[string]any:
		for key, each := range v {
			v[key] = rewritten(each, replaced)
		}
	case []any:
		for i, each := range v {
			v[i] = rewritten(each, replaced)
		}
	case string:
		return word.ReplaceAllStringFunc(v, func(w string) string {
			if by, is := replaced[w]; is {
				return by
			}
			return w
		})
	}
	return value
}

// StopAPIServer ends the node's API server for good and waits until it is gone, so
// that those who are connected to it connect to another. One that has lost its etcd
// would let every request wait for a minute.
func (n *Node) StopAPIServer(ctx context.Context) error {
	_, err := n.run(ctx, "sh", "-c", stopAPIServer)
	return err
}

// stopAPIServer gives the server 10 s, of which it needs 2 when all is well, and takes
// no more than every image has, and no kubelet that works.
const stopAPIServer = `rm -f /etc/kubernetes/manifests/kube-apiserver.yaml
servers() { grep -lsx kube-apiserver /proc/[0-9]*/comm; }
end() { for name in $(servers); do pid=${name#/proc/}; kill "$1" "${pid%/comm}"; done; }
end -TERM
for try in $(seq 100); do [ -n "$(servers)" ] || exit 0; sleep 0.1; done
end -KILL`
