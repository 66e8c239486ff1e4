package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// The groups of the checks in this file and its neighbours.
const (
	groupNetwork = "network"
	groupService = "service"
	groupDNS     = "dns"
	groupPolicy  = "policy"
)

// networkChecks are the checks that send packets between pods.
func networkChecks() []Check {
	return []Check{{
		ID: "net.pods", Group: groupNetwork, Title: "Pods on all nodes reach each other by their own addresses",
		Needs:   []string{"api.ready", "kcm.leader", "kubelet.alive"},
		Timeout: 60 * time.Second, Skip: withoutCNI, Run: podsReachEachOther,
		Hint: "look at the CNI's agent on the nodes named, and at its routes: kubectl -n kube-system get pods -o wide; docker exec NODE ip route",
	}}
}

// withoutCNI is the reason to skip what needs a pod network.
func withoutCNI(t *Target) string {
	if t.Expect.CNI == "none" {
		return "the cluster was made without a CNI"
	}
	return ""
}

// parallelDials bounds the dials of one check that are under way.
const parallelDials = 12

// podsReachEachOther dials every probe from every probe, itself included, over
// TCP and UDP, and wants the one that was dialled to answer.
func podsReachEachOther(ctx context.Context, t *Target) (Evidence, error) {
	probes, err := t.Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	if err := uniqueAddresses(probes); err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var evidence Evidence
	var broken []string
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelDials)
	for _, from := range probes {
		for _, to := range probes {
			for protocol, port := range map[string]int{"http": to.HTTPPort, "udp": to.UDPPort} {
				group.Go(func() error {
					answers, failures, err := from.Dial(ctx, protocol, to.IP, port, 1)
					if err != nil {
						return Unobservable(err)
					}
					mu.Lock()
					defer mu.Unlock()
					if problem := wrongAnswer(answers, failures, to.Name); problem != "" {
						broken = append(broken, fmt.Sprintf("%s -> %s (%s, %s): %s", from.Node, to.Node, to.IP, protocol, problem))
					} else {
						evidence = append(evidence, fmt.Sprintf("%s %s -> %s %s over %s", from.Node, from.IP, to.Node, to.IP, protocol))
					}
					return nil
				})
			}
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	slices.Sort(evidence)
	return evidence, allOrError(broken)
}

// wrongAnswer says how answers differ from the one that is wanted.
func wrongAnswer(answers, failures []string, want string) string {
	switch {
	case len(failures) > 0:
		return failures[0]
	case len(answers) == 0:
		return "no answer"
	case answers[0] != want:
		return fmt.Sprintf("%q answered", answers[0])
	}
	return ""
}

func uniqueAddresses(probes []Probe) error {
	owner := map[string]string{}
	for _, probe := range probes {
		if other, taken := owner[probe.IP]; taken {
			return Final(fmt.Errorf("%s and %s both have the address %s", other, probe.Name, probe.IP))
		}
		owner[probe.IP] = probe.Name
	}
	return nil
}

// allOrError joins what is broken into one error, or returns nil.
func allOrError(broken []string) error {
	if len(broken) == 0 {
		return nil
	}
	slices.Sort(broken)
	return errors.New(strings.Join(broken, "\n"))
}
