package dns

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// resolvConf is what a pod's /etc/resolv.conf says.
type resolvConf struct {
	servers, search []string
	ndots           int
}

const resolvPath = "/etc/resolv.conf"

// readResolvConf reads the file in the probe as the kubelet wrote it.
func readResolvConf(ctx context.Context, p probe.Probe) (resolvConf, error) {
	text, err := p.ReadFile(ctx, resolvPath)
	if err != nil {
		return resolvConf{}, err
	}
	return parseResolvConf(text), nil
}

// parseResolvConf reads the format of resolv.conf(5). ndots is 1 unless told.
func parseResolvConf(text string) resolvConf {
	conf := resolvConf{ndots: 1}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "nameserver":
			conf.servers = append(conf.servers, fields[1])
		case "search": // the last one counts
			conf.search = fields[1:]
		case "options":
			for _, option := range fields[1:] {
				if value, is := strings.CutPrefix(option, "ndots:"); is {
					if n, err := strconv.Atoi(value); err == nil {
						conf.ndots = n
					}
				}
			}
		}
	}
	return conf
}

// domain is the end of every Service's name, or "".
func (c resolvConf) domain() string {
	for _, suffix := range c.search {
		if domain, found := strings.CutPrefix(suffix, "svc."); found {
			return domain
		}
	}
	return ""
}

// defaultDomain is what kubeadm and the kubelet's documentation have.
const defaultDomain = "cluster.local"

// domainWitnesses is how many pods are asked for the domain: with three, one
// kubelet that is set up wrongly is outvoted.
const domainWitnesses = 3

// knownDomain is the domain of the cluster, once a check has looked.
type knownDomain struct {
	sync.Mutex
	name string
}

// clusterDomain is the domain that most of a few probes have, who are asked once.
// Where none has one, it is the default: what is wrong with the probes, dns.search
// tells.
func clusterDomain(ctx context.Context, t *verify.Target, probes []probe.Probe) (string, error) {
	known := verify.Shared(t, func(*verify.Target) *knownDomain { return &knownDomain{} })
	known.Lock()
	defer known.Unlock()
	if known.name != "" {
		return known.name, nil
	}
	probes = probes[:min(domainWitnesses, len(probes))]
	confs := make([]resolvConf, len(probes))
	_, err := verify.Each(verify.Indices(probes), nil, func(i int) (_ string, err error) {
		confs[i], err = readResolvConf(ctx, probes[i])
		return "", err
	})
	if err != nil {
		return "", err
	}
	known.name = majority(confs)
	return known.name, nil
}

func majority(confs []resolvConf) string {
	votes, winner := map[string]int{}, defaultDomain
	for _, conf := range confs {
		if domain := conf.domain(); domain != "" {
			if votes[domain]++; votes[domain] > votes[winner] {
				winner = domain
			}
		}
	}
	return winner
}
