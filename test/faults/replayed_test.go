//go:build faults

package faults

import (
	"os/exec"
	"strings"
	"testing"
)

// replayed are the checks whose fault is replayed: why no live cluster shows
// it, and the package and test that replay it.
var replayed = map[string]struct{ why, pkg, test string }{
	"api.scope":    {"no API server can be made to serve a resource with another scope", "pkg/verify/checks/apiserver", "TestAPIScope"},
	"etcd.quorum":  {"an even number of members takes a second control plane", "pkg/verify/checks/etcd", "TestEvaluateQuorum"},
	"node.skew":    {"it takes a second version of Kubernetes", "pkg/verify/checks/node", "TestVersionsFit"},
	"node.runtime": {"it takes a second container runtime", "pkg/verify/checks/node", "TestRuntimes"},
	"cil.ipam":     {"it takes another kind of address management", "addons/cilium", "TestEvaluateAddresses"},
	"cal.bgp":      {"it takes BIRD, which is no Go program and is not built", "addons/calico", "TestEvaluateSessions"},
}

// TestReplayed runs the tests that replay faults: each must be there and pass.
func TestReplayed(t *testing.T) {
	for id, r := range replayed {
		out, err := exec.Command("go", "test", "-count=1", "-v", "-run", "^"+r.test+"$", "../../"+r.pkg).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: "+r.test) {
			t.Errorf("%s: %s in %s: %v\n%s", id, r.test, r.pkg, err, out)
		}
	}
}
