package verify

import (
	"context"
	"strconv"
	"strings"
)

// resolvConf is what a pod's /etc/resolv.conf says.
type resolvConf struct {
	servers, search []string
	ndots           int
}

const resolvPath = "/etc/resolv.conf"

// resolvConf reads the file in the probe as the kubelet wrote it.
func (p Probe) resolvConf(ctx context.Context) (resolvConf, error) {
	text, err := p.readFile(ctx, resolvPath)
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

// clusterDomain is the domain that most of a few probes have, who are asked once.
// Where none has one, it is the default: what is wrong with the probes, dns.search
// tells.
func (t *Target) clusterDomain(ctx context.Context, probes []Probe) (string, error) {
	t.domain.Lock()
	defer t.domain.Unlock()
	if t.domain.name != "" {
		return t.domain.name, nil
	}
	probes = probes[:min(domainWitnesses, len(probes))]
	confs := make([]resolvConf, len(probes))
	_, err := Each(indices(probes), nil, func(i int) (_ string, err error) {
		confs[i], err = probes[i].resolvConf(ctx)
		return "", err
	})
	if err != nil {
		return "", err
	}
	t.domain.name = majority(confs)
	return t.domain.name, nil
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

func indices[T any](items []T) []int {
	all := make([]int, len(items))
	for i := range all {
		all[i] = i
	}
	return all
}
