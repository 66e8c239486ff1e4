package clusters

import (
	"fmt"
	"strings"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Overrides are the fields that flags set; nil means not given.
type Overrides struct {
	Name, CNI, ProxyMode   *string
	ControlPlanes, Workers *int
}

// Overlay returns the Topology with the overrides applied. A flag that
// contradicts what a configuration file says is an error: one of the two is a
// mistake, and kindctl cannot know which.
func (t Topology) Overlay(o Overrides) (Topology, error) {
	var conflicts []string
	conflicts = append(conflicts, override(&t.Name, o.Name, "name", "--name", t.origin)...)
	conflicts = append(conflicts, override(&t.CNI, o.CNI, "cni", "--cni", t.origin)...)
	conflicts = append(conflicts, override(&t.ProxyMode, o.ProxyMode, "proxyMode", "--proxy-mode", t.origin)...)
	conflicts = append(conflicts, override(&t.ControlPlanes, o.ControlPlanes, "controlPlanes", "--control-planes", t.origin)...)
	conflicts = append(conflicts, override(&t.Workers, o.Workers, "workers", "--workers", t.origin)...)
	if len(conflicts) > 0 {
		return Topology{}, hint.New(hint.Usage, "CONFIG_CONFLICT", strings.Join(conflicts, "\n"), "leave out the flag or change the file")
	}
	return t, nil
}

func override[T comparable](field *T, value *T, name, flag string, origin map[string]string) []string {
	if value == nil || *value == *field {
		return nil
	}
	if place, explicit := origin[name]; explicit {
		return []string{fmt.Sprintf("%s: %s is %v, but %s says %v", place, name, *field, flag, *value)}
	}
	*field = *value
	return nil
}
