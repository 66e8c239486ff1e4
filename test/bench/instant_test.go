package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/pkg/hint"
)

func TestInstantRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, tt := range []struct{ args, says, hints string }{
		{"--cni celium", `there is no CNI "celium" to measure`, "calico, cilium"},
		{"--proxy-mode iptabels", `there is no proxy mode "iptabels" (did you mean "iptables"?)`, "nftables"},
		{"--takes 0", "--takes must be at least 1", "--takes 20"},
		{"--rounds -1", "--rounds must not be negative", ""},
		{"--frozen 0s", "--frozen must be at least 1s", ""},
		{"--nodes 0", "a cluster of 0 nodes cannot be made", ""},
		{"-o go", `there is no output format "go"`, "table, json"},
		{"-o xml", `there is no output format "xml"`, ""},
		{"now", `takes no argument "now"`, ""},
		{"--document nowhere/page.md", "the document nowhere/page.md cannot be written", ""},
		{"--kindctl nowhere", "the program nowhere does not run", "make build"},
	} {
		var out bytes.Buffer
		err := run(t.Context(), append([]string{instantName}, strings.Fields(tt.args)...), &out, &out)
		if hint.CodeOf(err) != hint.Usage || !strings.Contains(err.Error(), tt.says) || !strings.Contains(hint.AdviceOf(err), tt.hints) {
			t.Errorf("%s: %v (hint: %s)", tt.args, err, hint.AdviceOf(err))
		}
	}
}
