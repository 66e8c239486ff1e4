package verify

import (
	"testing"

	discoveryv1 "k8s.io/api/discovery/v1"
)

func TestJudgeSlices(t *testing.T) {
	slice := func(ready ...bool) []*discoveryv1.EndpointSlice {
		s := &discoveryv1.EndpointSlice{}
		for _, each := range ready {
			s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{Conditions: discoveryv1.EndpointConditions{Ready: &each}})
		}
		return []*discoveryv1.EndpointSlice{s}
	}
	tests := map[string]struct {
		seen  []*discoveryv1.EndpointSlice
		ready bool
		want  string
	}{
		"follows to ready":      {slice(true), true, ""},
		"follows to unready":    {slice(false), false, ""},
		"the endpoint went":     {slice(), false, ""},
		"no slice":              {nil, false, "the Service has no EndpointSlice"},
		"stays unready":         {slice(false), true, "the pod is ready, and 0 of 1 endpoints are"},
		"stays ready":           {slice(true), false, "the pod is not ready, and 1 of 1 endpoints still are"},
		"an endpoint too many":  {slice(true, true), true, "2 of 2 endpoints"},
		"a condition is absent": {[]*discoveryv1.EndpointSlice{{Endpoints: []discoveryv1.Endpoint{{}}}}, true, "0 of 1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { wantErr(t, judgeSlices(test.seen, test.ready), test.want) })
	}
}
