package lab

import (
	"cmp"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/lab/format"
)

// Topology is the cluster that a lab runs on. Killercoda's has Cilium in kube-proxy's place; a lab
// can name another CNI or mode of kube-proxy. Ports that the lab's texts have addresses of are
// published on this machine's loopback address.
func Topology(lab format.Lab, backend format.Backend) clusters.Topology {
	t := clusters.Topology{APIVersion: clusters.APIVersion, Kind: clusters.Kind, ControlPlanes: 1, Workers: backend.Workers,
		CNI: cmp.Or(lab.CNI, "cilium"), ProxyMode: lab.ProxyMode}
	if lab.CNI == "" && lab.ProxyMode == "" {
		t.ProxyMode = "none"
	}
	needs, _ := format.Examine(lab)
	if len(needs.Ports) == 0 {
		return t
	}
	t.Groups = []clusters.Group{{Role: clusters.ControlPlane, Count: 1}}
	if backend.Workers > 0 {
		t.Groups = append(t.Groups, clusters.Group{Role: clusters.Worker, Count: 1})
	}
	for _, port := range needs.Ports {
		if port.Host <= len(t.Groups) {
			group := &t.Groups[port.Host-1]
			group.Ports = append(group.Ports, clusters.Port{ContainerPort: port.Number})
		}
	}
	return t
}

// namePrefix begins the names of labs, and so of their clusters.
const namePrefix = "lab-"

// nameLength is the most that a name has: those of nodes, which are longer, must be names of hosts.
const nameLength = 40

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// Name is what a lab from a folder is called, unless its user names it.
func Name(source string) string {
	name := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(filepath.Base(source)), "-"), "-")
	if name == "" {
		name = "lab"
	}
	return strings.TrimRight((namePrefix + name)[:min(len(namePrefix+name), nameLength)], "-")
}

// AddressOf returns the addresses of ports in texts: those that are published, and the hosts' own
// for others.
func (s *Session) AddressOf(published map[format.Port]string) func(format.Port) string {
	return func(port format.Port) string {
		if at, is := published[port]; is {
			return "http://" + at
		}
		if port.Host < 1 || port.Host > len(s.Hosts) {
			return fmt.Sprintf("http://host%d", port.Host)
		}
		address := "http://" + s.Hosts[port.Host-1].Address
		if port.Number == 0 {
			return address + ":PORT"
		}
		return fmt.Sprintf("%s:%d", address, port.Number)
	}
}

// PageOf is the page that the learner is at: the step that has begun, or the finish, which may
// have no text.
func (s *Session) PageOf(step int) (page format.Page, number int, err error) {
	if step == 0 && s.State.Finished() {
		if s.Lab.Finish != nil {
			page = *s.Lab.Finish
		}
		return page, 0, nil
	}
	if number, err = s.current(step); err != nil {
		return page, 0, err
	}
	return s.Lab.Steps[number-1], number, nil
}

// Language is one of the lab's that fits the user's: a name such as "zh", or what the
// environment has, such as "zh_CN.UTF-8".
func Language(lab format.Lab, wanted string) string {
	short, _, _ := strings.Cut(strings.ToLower(wanted), "_")
	short, _, _ = strings.Cut(short, "-")
	short, _, _ = strings.Cut(short, ".")
	if slices.Contains(lab.Languages(), short) {
		return short
	}
	return format.English
}
