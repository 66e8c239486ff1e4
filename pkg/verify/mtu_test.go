package verify

import (
	"net/url"
	"strings"
	"testing"
)

func TestLargeMessagesCross(t *testing.T) {
	echo := func(_ string, query url.Values) (reply, error) {
		message, _ := strings.CutPrefix(query.Get("request"), "echo?msg=")
		return reply{Responses: []string{message}}, nil
	}
	tests := map[string]struct {
		net  func(pod string, query url.Values) (reply, error)
		want string
	}{
		"they cross": {echo, ""},
		"one way swallows them": {func(pod string, query url.Values) (reply, error) {
			if pod == "probe-w1" {
				return reply{Errors: []string{`Get "http://10.0.0.2:8080/` + query.Get("request") + `": context deadline exceeded`}}, nil
			}
			return echo(pod, query)
		}, `w1 -> w2 (10.0.0.2:8080, http): 65536 bytes: Get "http://10.0.0.2:8080/echo?msg=...": context deadline exceeded`},
		"a part is lost": {func(pod string, query url.Values) (reply, error) {
			r, err := echo(pod, query)
			r.Responses[0] = r.Responses[0][:1200]
			return r, err
		}, "of 65536 bytes other bytes came back"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target, _ := networked(test.net)
			evidence, err := largeMessagesCross(t.Context(), target)
			wantErr(t, err, test.want)
			if err == nil && len(evidence) != 2 { // no node sends to itself
				t.Errorf("evidence %q", evidence)
			}
		})
	}
	if oneNodeOnly(&Target{Expect: Expectation{ControlPlanes: 1}}) == "" || oneNodeOnly(&Target{Expect: threeNodes}) != "" {
		t.Error("it is for clusters with several nodes")
	}
}
