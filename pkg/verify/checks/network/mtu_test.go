package network

import (
	"net/url"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

func TestLargeMessagesCross(t *testing.T) {
	echo := func(_ string, query url.Values) (targettest.Reply, error) {
		message, _ := strings.CutPrefix(query.Get("request"), "echo?msg=")
		return targettest.Reply{Responses: []string{message}}, nil
	}
	tests := map[string]struct {
		net  func(pod string, query url.Values) (targettest.Reply, error)
		want string
	}{
		"they cross": {echo, ""},
		"one way swallows them": {func(pod string, query url.Values) (targettest.Reply, error) {
			if pod == "probe-w1" {
				return targettest.Reply{Errors: []string{`Get "http://10.0.0.2:8080/` + query.Get("request") + `": context deadline exceeded`}}, nil
			}
			return echo(pod, query)
		}, `w1 -> w2 (10.0.0.2:8080, http): 65536 bytes: Get "http://10.0.0.2:8080/echo?msg=...": context deadline exceeded`},
		"a part is lost": {func(pod string, query url.Values) (targettest.Reply, error) {
			r, err := echo(pod, query)
			r.Responses[0] = r.Responses[0][:1200]
			return r, err
		}, "of 65536 bytes other bytes came back"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target, _ := targettest.Networked(test.net)
			evidence, err := largeMessagesCross(t.Context(), target)
			verifytest.WantErr(t, err, test.want)
			if err == nil && len(evidence) != 2 { // no node sends to itself
				t.Errorf("evidence %q", evidence)
			}
		})
	}
	if oneNodeOnly(&verify.Target{Expect: verify.Expectation{ControlPlanes: 1}}) == "" ||
		oneNodeOnly(&verify.Target{Expect: targettest.ThreeNodes}) != "" {
		t.Error("it is for clusters with several nodes")
	}
}
