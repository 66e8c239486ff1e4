package cilium

import (
	"strings"
	"testing"
)

const twoNodes = `{"local": {"name": "kind/a"}, "nodes": [
	{"name": "kind/a", "host": {"primary-address": {"ip": "172.18.0.2", "http": {"latency": 1}, "icmp": {"latency": 1}}},
	 "health-endpoint": {"primary-address": {"ip": "10.244.0.9", "http": {"latency": 1}, "icmp": {"latency": 1}}}},
	{"name": "kind/b", "host": {"primary-address": {"ip": "172.18.0.3", "http": {"latency": 1}, "icmp": {"latency": 1}}},
	 "health-endpoint": {"primary-address": {"ip": "10.244.1.9", "http": {"latency": 1}, "icmp": {"latency": 1}}}}]}`

func TestJudgeMesh(t *testing.T) {
	tests := map[string]struct {
		out, want string
		nodes     int
	}{
		"all reached":       {twoNodes, "", 2},
		"a node is missing": {twoNodes, "it knows 2 nodes, not 3", 3},
		"HTTP fails": {strings.Replace(twoNodes, `"ip": "172.18.0.3", "http": {"latency": 1}`, `"ip": "172.18.0.3", "http": {"status": "connection refused"}`, 1),
			"does not reach node kind/b at 172.18.0.3: HTTP: connection refused", 2},
		"ICMP to the endpoint fails": {strings.Replace(twoNodes, `"ip": "10.244.1.9", "http": {"latency": 1}, "icmp": {"latency": 1}`, `"ip": "10.244.1.9", "http": {"latency": 1}, "icmp": {"status": "Connection timed out"}`, 1),
			"does not reach health endpoint of kind/b at 10.244.1.9: ICMP: Connection timed out", 2},
		"never probed": {strings.Replace(twoNodes, `, "http": {"latency": 1}, "icmp": {"latency": 1}`, "", 1), "it was not probed", 2},
		"not JSON":     {"Cannot get status", "its connectivity cannot be read", 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := judgeMesh(test.nodes)(test.out)
			wantErr(t, err, test.want)
		})
	}
}

func TestJudgeBalance(t *testing.T) {
	const maps = `{
		"10.96.7.7:80/TCP (0)": ["0.0.0.0:0 (9) (0) [ClusterIP, non-routable] "],
		"10.96.7.7:80/TCP (1)": ["10.244.1.5:8080/TCP (9) (1)"],
		"10.96.7.7:80/TCP (2)": ["10.244.2.6:8080/TCP (9) (2)"],
		"10.96.7.7:8080/TCP (1)": ["10.244.9.9:8080/TCP (3) (1)"]}`
	both := []string{"10.244.1.5:8080", "10.244.2.6:8080"}
	tests := map[string]struct {
		out, frontend string
		backends      []string
		want          string
	}{
		"as it should be":        {maps, "10.96.7.7:80", both, ""},
		"no such frontend":       {maps, "10.96.7.8:80", both, "the maps have no frontend 10.96.7.8:80"},
		"a backend is missing":   {maps, "10.96.7.7:80", append(both, "10.244.3.3:8080"), "not to [10.244.1.5:8080 10.244.2.6:8080 10.244.3.3:8080]"},
		"a backend is no pod":    {maps, "10.96.7.7:80", both[:1], "lead 10.96.7.7:80 to [10.244.1.5:8080 10.244.2.6:8080]"},
		"a slot leads nowhere":   {strings.Replace(maps, "10.244.2.6:8080/TCP (9) (2)", "backend 4 not found", 1), "10.96.7.7:80", both, `"backend 4 not found"`},
		"the maps are not there": {"{}", "10.96.7.7:80", both, "no frontend"},
		"not JSON":               {"Unable to dump", "10.96.7.7:80", both, "its maps cannot be read"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := judgeBalance(test.frontend, test.backends)(test.out)
			wantErr(t, err, test.want)
		})
	}
}

func wantErr(t *testing.T, err error, want string) {
	t.Helper()
	if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("got error %v, want %q", err, want)
	}
}
