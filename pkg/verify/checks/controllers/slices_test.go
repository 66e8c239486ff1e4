package controllers

import (
	"slices"
	"testing"

	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

func TestEvaluateSlices(t *testing.T) {
	const four, six, other = "172.18.0.2", "fc00::2", "172.18.0.3"
	slice := func(kind discoveryv1.AddressType, ready ...string) *discoveryv1.EndpointSlice {
		return &discoveryv1.EndpointSlice{AddressType: kind, Endpoints: []discoveryv1.Endpoint{
			{Addresses: ready, Conditions: discoveryv1.EndpointConditions{Ready: new(len(ready) > 0)}},
			{Addresses: []string{other}, Conditions: discoveryv1.EndpointConditions{Ready: new(false)}},
			{Addresses: []string{other}},
		}}
	}
	ofFour, ofSix := slice(discoveryv1.AddressTypeIPv4, four), slice(discoveryv1.AddressTypeIPv6, six)
	none := slice(discoveryv1.AddressTypeIPv4)
	tests := map[string]struct {
		seen []*discoveryv1.EndpointSlice
		want []string
		err  string
	}{
		"follows to ready":             {[]*discoveryv1.EndpointSlice{ofFour}, []string{four}, ""},
		"follows in both families":     {[]*discoveryv1.EndpointSlice{ofSix, ofFour}, []string{four, six}, ""},
		"follows in one family of two": {[]*discoveryv1.EndpointSlice{ofFour, slice(discoveryv1.AddressTypeIPv6)}, []string{four, six}, "[172.18.0.2], the ready pod's are [172.18.0.2 fc00::2]"},
		"follows to unready":           {[]*discoveryv1.EndpointSlice{none}, nil, ""},
		"no slice":                     {nil, nil, "the Service has no EndpointSlice"},
		"stays unready":                {[]*discoveryv1.EndpointSlice{none}, []string{four}, "ready addresses are [], the ready pod's are [172.18.0.2]"},
		"stays ready":                  {[]*discoveryv1.EndpointSlice{ofFour}, nil, "ready addresses are [172.18.0.2], the ready pod's are []"},
		"one of them twice":            {[]*discoveryv1.EndpointSlice{ofFour, ofFour}, []string{four}, "[172.18.0.2 172.18.0.2]"},
		"another pod's address":        {[]*discoveryv1.EndpointSlice{slice(discoveryv1.AddressTypeIPv4, other)}, []string{four}, "[172.18.0.3]"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { verifytest.WantErr(t, evaluateSlices(test.seen, test.want), test.err) })
	}
}

func TestOfFamily(t *testing.T) {
	both := []string{"172.18.0.2", "fc00::2"}
	for like, want := range map[string][]string{"10.96.0.9": both[:1], "fd00::9": both[1:]} {
		if got := probe.OfFamily(like, both); !slices.Equal(got, want) {
			t.Errorf("like %s: got %v, want %v", like, got, want)
		}
	}
}
