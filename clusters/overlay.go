package clusters

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Override is a value that the command line or the environment gives.
type Override struct {
	// Field is named as in a configuration file.
	Field string
	// Value is of the field's own type.
	Value any
	// From is the flag or the variable: "--workers", "KINDCTL_WORKERS".
	From string
	// Flag says that it stands on the command line.
	Flag bool
}

// Overlay returns the Topology with the overrides applied. A variable wins over
// a configuration file, with a warning from Validate. A flag that contradicts
// the file is an error: one of the two is a mistake, and kindctl cannot know
// which.
func (t Topology) Overlay(overrides ...Override) (Topology, error) {
	t.origins, t.notes = maps.Clone(t.origins), slices.Clone(t.notes)
	if t.origins == nil {
		t.origins = origins{}
	}
	var conflicts []string
	for _, o := range overrides {
		if conflict := t.override(o); conflict != "" {
			conflicts = append(conflicts, conflict)
		}
	}
	if len(conflicts) > 0 {
		return Topology{}, hint.ConfigConflict.New(strings.Join(conflicts, "\n"), "leave one of them out, or change the file")
	}
	return t, nil
}

// override applies one value, or returns what contradicts it.
func (t *Topology) override(o Override) (conflict string) {
	field := reflect.ValueOf(t).Elem().FieldByIndex(fieldsOf(reflect.TypeFor[Topology]())[o.Field].Index)
	said, have := t.origins[o.Field], field.Interface()
	source := origin{level: fromEnvironment, place: o.From}
	if o.Flag {
		source.level = fromFlag
	}
	switch {
	case said.level != fromFile:
	case have == o.Value:
		return ""
	case o.Flag:
		return fmt.Sprintf("%s: %s is %v, but %s says %v", said.place, o.Field, have, o.From, o.Value)
	default:
		t.notes = append(t.notes, fmt.Sprintf("%s: %s is %v, but %s says %v and wins", said.place, o.Field, have, o.From, o.Value))
	}
	if role, counts := countOf[o.Field]; counts && len(t.Groups) > 0 {
		if problem := t.resize(role, o.Value.(int)); problem != "" {
			return o.From + ": " + problem
		}
	}
	field.Set(reflect.ValueOf(o.Value))
	t.origins[o.Field] = source
	return ""
}

// countOf are the fields that count nodes, by role.
var countOf = map[string]string{"controlPlanes": ControlPlane, "workers": Worker}

// resize changes how many nodes of a role the groups have, where it is clear
// which of them is meant.
func (t *Topology) resize(role string, count int) (problem string) {
	is := func(g Group) bool { return g.Role == role }
	at := slices.IndexFunc(t.Groups, is)
	switch {
	case at >= 0 && slices.ContainsFunc(t.Groups[at+1:], is):
		return fmt.Sprintf("nodes has more than one group of role %s, so it is not clear which of them is to have %d", role, count)
	case at < 0 && count == 0:
	case at < 0:
		t.Groups = append(slices.Clone(t.Groups), Group{Role: role, Count: count})
	case count == 0:
		t.Groups = slices.Delete(slices.Clone(t.Groups), at, at+1)
	default:
		t.Groups = slices.Clone(t.Groups)
		t.Groups[at].Count = count
	}
	return ""
}
