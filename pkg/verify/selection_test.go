package verify

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/hint"
)

func idsOf(checks []Check) (ids []string) {
	for _, check := range checks {
		ids = append(ids, check.ID)
	}
	return ids
}

func TestSelect(t *testing.T) {
	checks := []Check{
		{ID: "api.ready", Group: "api"}, {ID: "etcd.members", Group: "etcd"}, {ID: "etcd.quorum", Group: "etcd", Slow: true},
		{ID: "dns.records", Group: "dns", Slow: true},
	}
	tests := map[string]struct {
		selection Selection
		want      []string
		reason    string
		advice    string
	}{
		"all":                    {Selection{}, []string{"api.ready", "etcd.members", "etcd.quorum", "dns.records"}, "", ""},
		"one":                    {Selection{Only: []string{"etcd.quorum"}}, []string{"etcd.quorum"}, "", ""},
		"a group":                {Selection{Only: []string{"etcd"}}, []string{"etcd.members", "etcd.quorum"}, "", ""},
		"in their order, once":   {Selection{Only: []string{"dns", "etcd.members", "dns.records"}}, []string{"etcd.members", "dns.records"}, "", ""},
		"without one":            {Selection{Skip: []string{"etcd.quorum"}}, []string{"api.ready", "etcd.members", "dns.records"}, "", ""},
		"without a group":        {Selection{Skip: []string{"etcd"}}, []string{"api.ready", "dns.records"}, "", ""},
		"part of a group":        {Selection{Only: []string{"etcd"}, Skip: []string{"etcd.members"}}, []string{"etcd.quorum"}, "", ""},
		"quick":                  {Selection{Quick: true}, []string{"api.ready", "etcd.members"}, "", ""},
		"quick, of a group":      {Selection{Only: []string{"etcd"}, Quick: true}, []string{"etcd.members"}, "", ""},
		"nothing is left":        {Selection{Only: []string{"dns"}, Quick: true}, nil, "NOTHING_SELECTED", "list them: kindctl verify --list"},
		"a slip in an ID":        {Selection{Only: []string{"etcd.quorm"}}, nil, "CHECK_UNKNOWN", `did you mean "etcd.quorum"? To list all: kindctl verify --list`},
		"a slip in a group":      {Selection{Only: []string{"ectd"}}, nil, "CHECK_UNKNOWN", `did you mean "etcd"? To list all: kindctl verify --list`},
		"a slip in what to skip": {Selection{Skip: []string{"dns.record"}}, nil, "CHECK_UNKNOWN", `did you mean "dns.records"? To list all: kindctl verify --list`},
		"like nothing":           {Selection{Only: []string{"zzz"}}, nil, "CHECK_UNKNOWN", "list them: kindctl verify --list"},
		"empty":                  {Selection{Only: []string{""}}, nil, "CHECK_UNKNOWN", "list them: kindctl verify --list"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Select(checks, test.selection)
			if diff := cmp.Diff(test.want, idsOf(got)); diff != "" {
				t.Error(diff)
			}
			if hint.ReasonOf(err) != test.reason || hint.AdviceOf(err) != test.advice {
				t.Errorf("got %v (%s, %s)", err, hint.ReasonOf(err), hint.AdviceOf(err))
			}
			if err != nil && hint.CodeOf(err) != hint.Usage {
				t.Errorf("exit code %d", hint.CodeOf(err))
			}
		})
	}
}

func TestJoin(t *testing.T) {
	core := []Check{{ID: "a"}, {ID: "b", Needs: []string{"a"}}, {ID: "c", Needs: []string{"x"}}}
	addon := []Check{{ID: "x", NeededBy: []string{"b", "c", "gone"}}, {ID: "y", Needs: []string{"x"}}}
	joined := Join(core, addon)
	if diff := cmp.Diff([]string{"a", "b", "c", "x", "y"}, idsOf(joined)); diff != "" {
		t.Error(diff)
	}
	needs := map[string][]string{}
	for _, check := range joined {
		needs[check.ID] = check.Needs
	}
	want := map[string][]string{"a": nil, "b": {"a", "x"}, "c": {"x"}, "x": nil, "y": {"x"}}
	if diff := cmp.Diff(want, needs); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"a"}, core[1].Needs); diff != "" {
		t.Errorf("the lists that were joined have changed:\n%s", diff)
	}
}
