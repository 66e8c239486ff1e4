package cilium

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/pkg/verify"
)

var balanceCommand = []string{"cilium-dbg", "bpf", "lb", "list", "-o", "json"}

// balance looks for the Service of the run in the BPF maps of every node.
func balance(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	frontend, backends, err := t.FleetService(ctx)
	if err != nil {
		return nil, err
	}
	return ask(ctx, t, question{judgeBalance(frontend, backends), balanceCommand})
}

// judgeBalance reads the load balancer's maps: a list of entries for each
// frontend and slot, "10.96.0.1:443/TCP (1)". Slot 0 is the frontend itself;
// each other slot holds one backend, "172.18.0.2:6443/TCP (1) (1)". What it saw
// ends with the entries of the frontend, a line each.
func judgeBalance(frontend string, backends []string) func(string) (string, error) {
	return func(out string) (seen string, err error) {
		var services map[string][]string
		if err := json.Unmarshal([]byte(out), &services); err != nil {
			return "", fmt.Errorf("its maps cannot be read: %w", err)
		}
		var found, lines []string
		for _, service := range slices.Sorted(maps.Keys(services)) {
			if !strings.HasPrefix(service, frontend+"/TCP ") {
				continue
			}
			for _, entry := range services[service] {
				lines = append(lines, service+": "+strings.TrimSpace(entry))
				address, isBackend := strings.CutSuffix(strings.Fields(entry)[0], "/TCP")
				switch {
				case isBackend:
					found = append(found, address)
				case !strings.HasPrefix(entry, "0.0.0.0:0 "):
					return "", fmt.Errorf("the maps have %q for %s", entry, frontend)
				}
			}
		}
		if lines == nil {
			return "", errors.New("the maps have no frontend " + frontend)
		}
		slices.Sort(found)
		if !slices.Equal(found, backends) {
			return "", fmt.Errorf("the maps lead %s to %v, not to %v", frontend, found, backends)
		}
		return fmt.Sprintf("%s leads to %s\n%s", frontend, strings.Join(found, ", "), strings.Join(lines, "\n")), nil
	}
}
