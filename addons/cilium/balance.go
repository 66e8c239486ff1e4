package cilium

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

var balanceCommand = []string{"cilium-dbg", "bpf", "lb", "list", "-o", "json"}

// balance looks for the Service of the run in the BPF maps of every node.
func balance(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	services, err := probe.Of(t).FleetBackends(ctx)
	if err != nil {
		return nil, err
	}
	return queryAgents(ctx, t, agentQuery{checkBalance(services...), balanceCommand})
}

// checkBalance reads the load balancer's maps: a list of entries for each
// frontend and slot, "10.96.0.1:443/TCP (1)". Slot 0 is the frontend itself;
// each other slot holds one backend, "172.18.0.2:6443/TCP (1) (1)". What it saw
// ends with the entries of each frontend, a line each.
func checkBalance(services ...probe.ServiceBackends) func(string) (string, error) {
	return func(out string) (seen string, err error) {
		var entries map[string][]string
		if err := json.Unmarshal([]byte(out), &entries); err != nil {
			return "", fmt.Errorf("its maps cannot be read: %w", err)
		}
		var all []string
		for _, service := range services {
			lines, err := leads(entries, service)
			if err != nil {
				return "", err
			}
			all = append(append(all, service.String()), lines...)
		}
		return strings.Join(all, "\n"), nil
	}
}

// leads wants the entries of a frontend to be its endpoints, and returns them.
func leads(entries map[string][]string, service probe.ServiceBackends) (lines []string, err error) {
	var found []string
	for _, slot := range slices.Sorted(maps.Keys(entries)) {
		if !strings.HasPrefix(slot, service.Address.String()+"/TCP ") {
			continue
		}
		for _, entry := range entries[slot] {
			lines = append(lines, slot+": "+strings.TrimSpace(entry))
			address, isBackend := strings.CutSuffix(strings.Fields(entry)[0], "/TCP")
			switch {
			case isBackend:
				found = append(found, address)
			case !strings.HasPrefix(entry, "0.0.0.0:0 ") && !strings.HasPrefix(entry, "[::]:0 "):
				return nil, fmt.Errorf("the maps have %q for %s", entry, service.Address)
			}
		}
	}
	if lines == nil {
		return nil, fmt.Errorf("the maps have no frontend %s", service.Address)
	}
	slices.Sort(found)
	if !slices.Equal(found, service.Endpoints) {
		return nil, fmt.Errorf("the maps lead %s to %v, not to %v", service.Address, found, service.Endpoints)
	}
	return lines, nil
}
