package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"

	"sigs.k8s.io/kind/pkg/cluster/constants"
	"sigs.k8s.io/yaml"
)

// Context is the kubeconfig context of a cluster.
func Context(name string) string { return "kind-" + name }

// adminConfig is the kubeconfig that kubeadm writes on control planes.
const adminConfig = kubernetesDir + "/admin.conf"

// Kubeconfig returns a cluster's kubeconfig with the address that works for this
// process, or with internal set the one that works on the clusters' network. A process
// in a container of the same Docker is connected to that network.
func (c Cluster) Kubeconfig(ctx context.Context, internal bool) (string, error) {
	config, err := c.kubeconfig(ctx, internal)
	if err != nil {
		return "", err
	}
	text, err := yaml.Marshal(config)
	return string(text), err
}

// kubeconfig is that of the first control plane, which must run or be paused, under the names that
// kind gives it (kind v0.33.0, pkg/cluster/internal/kubeconfig).
func (c Cluster) kubeconfig(ctx context.Context, internal bool) (kubeconfig, error) {
	if !internal {
		var err error
		if internal, err = c.connectSelf(ctx); err != nil {
			return nil, err
		}
	}
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(nodes, func(n *Node) bool { return n.Role == constants.ControlPlaneNodeRoleValue })
	if at < 0 {
		return nil, fmt.Errorf("cluster %s has no control plane", c.Name)
	}
	if !nodes[at].active() {
		return nil, fmt.Errorf("%s does not run", nodes[at].Name)
	}
	data, err := nodes[at].ReadFile(ctx, adminConfig)
	if err != nil {
		return nil, err
	}
	var config kubeconfig
	if err := yaml.Unmarshal(data, &config); err != nil {
		return nil, fmt.Errorf("%s in %s: %w", adminConfig, nodes[at].Name, err)
	}
	server := ""
	if !internal {
		if server, err = publishedServer(nodes); err != nil {
			return nil, err
		}
	}
	if err := config.rename(Context(c.Name), server); err != nil {
		return nil, fmt.Errorf("%s in %s: %w", adminConfig, nodes[at].Name, err)
	}
	return config, nil
}

// publishedServer is where the host reaches the API: at the load balancer, or else at the
// only control plane.
func publishedServer(nodes []*Node) (string, error) {
	front := slices.IndexFunc(nodes, func(n *Node) bool { return n.Role == constants.ExternalLoadBalancerNodeRoleValue })
	if front < 0 {
		front = slices.IndexFunc(nodes, func(n *Node) bool { return n.Role == constants.ControlPlaneNodeRoleValue })
	}
	switch n := nodes[front]; {
	case n.desktop != "": // kind prefers it (kind v0.33.0, pkg/cluster/internal/providers/docker/provider.go)
		return "https://" + n.desktop, nil
	case n.published.IsValid():
		return "https://" + n.published.String(), nil
	default:
		return "", fmt.Errorf("%s publishes no port of an API server", n.Name)
	}
}

// MergeKubeconfig adds a cluster's context to the user's kubeconfig, under the
// lock that kubectl uses too, and makes it the current one unless keep says to leave
// the one that is. Everything else in the file stays.
func (c Cluster) MergeKubeconfig(ctx context.Context, path string, keep bool) error {
	added, err := c.kubeconfig(ctx, false)
	if err != nil {
		return err
	}
	return changeFile(ctx, KubeconfigTarget(path), func(config kubeconfig) bool {
		config.merge(added, keep)
		return true
	})
}

// RemoveKubeconfig removes a cluster's entry from a kubeconfig.
func (c Cluster) RemoveKubeconfig(ctx context.Context, file string) error {
	return changeFile(ctx, file, func(config kubeconfig) bool { return config.remove(Context(c.Name)) })
}

// Refreshed is what RefreshKubeconfig found in a file.
type Refreshed int

const (
	// NoEntry says that the file has no entry of the cluster, or that of another
	// cluster of the same name.
	NoEntry Refreshed = iota
	// Current says that the entry was right.
	Current
	// Updated says that the entry got the cluster's address and credentials.
	Updated
)

// RefreshKubeconfig gives a cluster's entry in a kubeconfig the address and the
// credentials that the cluster has now, if the entry is there. An entry of another
// cluster, one with a server on another host and credentials of another kind stay as
// they are, and so does the current context.
func (c Cluster) RefreshKubeconfig(ctx context.Context, file string) (found Refreshed, err error) {
	now, err := c.kubeconfig(ctx, false)
	if err != nil {
		return NoEntry, err
	}
	err = changeFile(ctx, file, func(config kubeconfig) bool {
		found = config.refresh(now, Context(c.Name))
		return found == Updated
	})
	return found, err
}

// refresh updates the entry of one cluster.
func (k kubeconfig) refresh(now kubeconfig, name string) Refreshed {
	const authority, certificate, key = "certificate-authority-data", "client-certificate-data", "client-key-data"
	cluster, current := k.entry("clusters", name), now.entry("clusters", name)
	if cluster == nil || current == nil || cluster[authority] != current[authority] {
		return NoEntry
	}
	changed := false
	if cluster["server"] != current["server"] && sameHost(fmt.Sprint(cluster["server"]), fmt.Sprint(current["server"])) {
		cluster["server"], changed = current["server"], true
	}
	user, renewed := k.entry("users", name), now.entry("users", name)
	if user[certificate] != nil && renewed[certificate] != nil && user[certificate] != renewed[certificate] {
		user[certificate], user[key], changed = renewed[certificate], renewed[key], true
	}
	if changed {
		return Updated
	}
	return Current
}

// sameHost compares the hosts of two addresses, without their ports.
func sameHost(a, b string) bool {
	first, errA := url.Parse(a)
	second, errB := url.Parse(b)
	return errA == nil && errB == nil && first.Hostname() == second.Hostname()
}

// kubeconfig is one as a document, so that unknown fields stay.
type kubeconfig map[string]any

// kubeconfigLists are the lists of a kubeconfig, each with the key of an entry's content.
var kubeconfigLists = map[string]string{"clusters": "cluster", "users": "user", "contexts": "context"}

// currentContext is the key of the current context.
const currentContext = "current-context"

// list returns entries that have a name and a content.
func (k kubeconfig) list(name string) (entries []map[string]any) {
	all, _ := k[name].([]any)
	for _, each := range all {
		if entry, is := each.(map[string]any); is {
			entries = append(entries, entry)
		}
	}
	return entries
}

// rename gives the one cluster, user and context of a kubeconfig one name, and the
// cluster an address, unless it is "".
func (k kubeconfig) rename(name, server string) error {
	for list, content := range kubeconfigLists {
		entries := k.list(list)
		if len(entries) != 1 {
			return fmt.Errorf("it has %d %s, expected 1", len(entries), list)
		}
		entries[0]["name"] = name
		of, is := entries[0][content].(map[string]any)
		switch {
		case !is:
			return errors.New("its " + content + " is empty")
		case list == "contexts":
			of["cluster"], of["user"] = name, name
		case list == "clusters" && server != "":
			of["server"] = server
		}
	}
	k[currentContext] = name
	return nil
}

// entry returns the content of the entry of a name, or nil.
func (k kubeconfig) entry(list, name string) map[string]any {
	all, _ := k[list].([]any)
	at := indexOf(all, name)
	if at < 0 {
		return nil
	}
	content, _ := all[at].(map[string]any)[kubeconfigLists[list]].(map[string]any)
	return content
}

// merge puts the entries of another kubeconfig in the place of those that have their
// names, or at the end. What the user has added to a context, such as a namespace, stays.
// A kubeconfig that has nothing else gets everything.
func (k kubeconfig) merge(added kubeconfig, keepCurrent bool) {
	others := false
	for key := range k {
		others = others || kubeconfigLists[key] == "" && key != currentContext
	}
	for key, value := range added {
		if !others && kubeconfigLists[key] == "" && key != currentContext {
			k[key] = value
		}
	}
	for list := range kubeconfigLists {
		all, _ := k[list].([]any)
		for _, entry := range added.list(list) {
			if at := indexOf(all, entry["name"]); at >= 0 {
				if list == "contexts" {
					entry = withSettings(entry, all[at].(map[string]any))
				}
				all[at] = entry
			} else {
				all = append(all, entry)
			}
		}
		k[list] = all
	}
	if !keepCurrent {
		k[currentContext] = added[currentContext]
	}
}

// withSettings is a context with what another one of the name has besides.
func withSettings(context, old map[string]any) map[string]any {
	content := map[string]any{}
	for _, entry := range []map[string]any{old, context} {
		if has, is := entry["context"].(map[string]any); is {
			maps.Copy(content, has)
		}
	}
	return map[string]any{"name": context["name"], "context": content}
}

// indexOf finds an entry by its name.
func indexOf(all []any, name any) int {
	return slices.IndexFunc(all, func(each any) bool {
		entry, is := each.(map[string]any)
		return is && entry["name"] == name
	})
}

// remove removes the entries of a name, and reports whether there were any.
func (k kubeconfig) remove(name string) (removed bool) {
	for list := range kubeconfigLists {
		all, _ := k[list].([]any)
		for at := indexOf(all, name); at >= 0; at = indexOf(all, name) {
			all, removed = slices.Delete(all, at, at+1), true
		}
		if k[list] = all; len(all) == 0 {
			delete(k, list)
		}
	}
	if k[currentContext] == name {
		delete(k, currentContext)
		removed = true
	}
	return removed
}
