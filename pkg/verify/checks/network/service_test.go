package network

import (
	"context"
	"net/url"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

func TestServices(t *testing.T) {
	var names map[string]string
	everyone := func(_ string, query url.Values) (r targettest.Reply, err error) {
		for _, name := range names {
			r.Responses = append(r.Responses, name)
		}
		return r, nil
	}
	sticky := func(string, url.Values) (targettest.Reply, error) {
		return targettest.Reply{Responses: []string{"probe-w1", "probe-w1"}}, nil
	}
	stranger := func(string, url.Values) (targettest.Reply, error) {
		return targettest.Reply{Responses: []string{"nginx"}}, nil
	}
	lost := func(pod string, query url.Values) (targettest.Reply, error) {
		if pod == "probe-w2" {
			return targettest.Reply{Errors: []string{"connect: connection refused"}}, nil
		}
		return everyone(pod, query)
	}
	own := func(pod string, _ url.Values) (targettest.Reply, error) {
		return targettest.Reply{Responses: []string{pod}}, nil
	}
	tests := map[string]struct {
		run  func(context.Context, *verify.Target) (verify.Evidence, error)
		net  func(pod string, query url.Values) (targettest.Reply, error)
		want string
	}{
		"answers":              {serviceAnswers, sticky, ""},
		"a stranger answers":   {serviceAnswers, stranger, `w1 -> Service fleet (10.96.0.9:80, http): "nginx" answered`},
		"refused on one node":  {serviceAnswers, lost, "w2 -> Service fleet (10.96.0.9:80, http): 1 of 1 failed: connect: connection refused"},
		"spreads":              {serviceSpreads, everyone, ""},
		"sticks to one":        {serviceSpreads, sticky, "w1 -> Service fleet (10.96.0.9:80, http): probe-w2 never answered in 2 connections"},
		"spreads to strangers": {serviceSpreads, stranger, `"nginx" answered`},
		"reach themselves":     {reachThemselves, own, ""},
		"one reaches another":  {reachThemselves, sticky, `w2 -> itself by Service hairpin (10.96.0.9:80, http): "probe-w1" answered`},
		"one does not": {reachThemselves, func(pod string, query url.Values) (targettest.Reply, error) {
			if pod == "probe-w2" {
				return targettest.Reply{Errors: []string{"i/o timeout"}}, nil
			}
			return own(pod, query)
		}, "w2 -> itself by Service hairpin (10.96.0.9:80, http): 1 of 1 failed: i/o timeout"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var target *verify.Target
			target, names = targettest.Networked(func(pod string, query url.Values) (targettest.Reply, error) { return test.net(pod, query) })
			targettest.AllotServices(target, "10.96.0.9")
			evidence, err := test.run(t.Context(), target)
			verifytest.WantErr(t, err, test.want)
			if err == nil && len(evidence) != 2 {
				t.Errorf("evidence %q", evidence)
			}
		})
	}
}

// TestSpreadTriesOften has enough connections asked for, in one request.
func TestSpreadTriesOften(t *testing.T) {
	var often atomic.Int32
	target, _ := targettest.Networked(func(_ string, query url.Values) (targettest.Reply, error) {
		if query.Get("tries") == "34" { // 2*2+30
			often.Add(1)
		}
		return targettest.Reply{Responses: []string{"probe-w1", "probe-w2"}}, nil
	})
	targettest.AllotServices(target, "10.96.0.9")
	if _, err := serviceSpreads(t.Context(), target); err != nil || often.Load() != 2 {
		t.Errorf("%d of 2 probes were asked to try often: %v", often.Load(), err)
	}
}

// TestHairpinStaysOnTheNode has the Service lead to no pod of another node.
func TestHairpinStaysOnTheNode(t *testing.T) {
	target, _ := targettest.Networked(func(pod string, _ url.Values) (targettest.Reply, error) {
		return targettest.Reply{Responses: []string{pod}}, nil
	})
	targettest.AllotServices(target, "10.96.0.9")
	if _, err := reachThemselves(t.Context(), target); err != nil {
		t.Fatal(err)
	}
	services, err := target.Kube.Clientset.CoreV1().Services("").List(t.Context(), metav1.ListOptions{})
	if err != nil || len(services.Items) != 1 {
		t.Fatalf("%d services: %v", len(services.Items), err)
	}
	if policy := services.Items[0].Spec.InternalTrafficPolicy; policy == nil || *policy != corev1.ServiceInternalTrafficPolicyLocal {
		t.Errorf("its internal traffic policy is %v", policy)
	}
}
