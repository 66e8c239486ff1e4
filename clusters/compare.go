package clusters

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"

	"github.com/kindctl/kindctl/clusters/cni"
	"github.com/kindctl/kindctl/internal/fidelity"
)

// Differences says in plain text how the Topology that is wanted differs from
// this one, of which a cluster was made. Counts, CNI and proxy mode are left to
// the cluster's own record. What is wanted in no particular way, such as an
// image, is as it is; how long a cluster is wanted is no part of its shape.
func (t Topology) Differences(wanted Topology) string {
	var differences []string
	compare := func(what string, have, want any) {
		if !reflect.DeepEqual(have, want) && (!empty(have) || !empty(want)) {
			text := fmt.Sprintf("%s: %s, not %s", what, shown(have), shown(want))
			if len(text) > longestDifference {
				text = "another value of " + what
			}
			differences = append(differences, text)
		}
	}
	compare("the IP family", cmp.Or(t.IPFamily, IPv4), cmp.Or(wanted.IPFamily, IPv4))
	compare("the pod subnet", t.Pods(), wanted.Pods())
	compare("the service subnet", t.Services(), wanted.Services())
	for _, choice := range []struct {
		what       string
		have, want any
	}{{"the API server's port", t.APIServerPort, wanted.APIServerPort}, {"the node image", t.Image, wanted.Image}, {"the network", t.Network, wanted.Network}} {
		if !empty(choice.want) {
			compare(choice.what, choice.have, choice.want)
		}
	}
	compare("the fidelity", cmp.Or(t.Fidelity, fidelity.Fast), cmp.Or(wanted.Fidelity, fidelity.Fast))
	compare("the number of members of an external etcd", len(t.EtcdNames()), len(wanted.EtcdNames()))
	compare("the feature gates", t.FeatureGates, wanted.FeatureGates)
	compare("runtimeConfig", t.RuntimeConfig, wanted.RuntimeConfig)
	compare("the manifests", t.Manifests, wanted.Manifests)
	nodes := t.Each()
	for i, want := range wanted.Each() {
		if i >= len(nodes) || nodes[i].Name != want.Name {
			break // counts differ, which is told already
		}
		have := nodes[i]
		for _, field := range reflect.VisibleFields(reflect.TypeFor[Group]()) {
			name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
			compare(
				name+" of "+want.Name,
				reflect.ValueOf(have.Group).FieldByIndex(field.Index).Interface(),
				reflect.ValueOf(want.Group).FieldByIndex(field.Index).Interface(),
			)
		}
	}
	for _, c := range cni.All() {
		compare("the settings of "+c.Title, t.CNISettings[c.Name], wanted.CNISettings[c.Name])
	}
	compare("kindConfig", t.Raw, wanted.Raw)
	return strings.Join(differences, ", ")
}

// longestDifference bounds the values that a difference shows.
const longestDifference = 200

// empty reports whether a value says nothing: a zero, or a list of nothing.
func empty(value any) bool {
	v := reflect.ValueOf(value)
	return !v.IsValid() || v.IsZero() || (v.Kind() == reflect.Map || v.Kind() == reflect.Slice) && v.Len() == 0
}

// shown is a value on one line.
func shown(value any) string {
	if empty(value) {
		return "none"
	}
	data, err := encode(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return strings.Join(strings.FieldsFunc(string(data), func(r rune) bool { return r == '\n' }), "; ")
}
