package verify

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Selection says which of the checks are run. Only and Skip hold IDs and
// groups; an empty Only means all. What a selected check needs does not come
// with it, and what is left out blocks nothing.
type Selection struct {
	Only, Skip []string
	// Quick leaves out the slow checks.
	Quick bool
}

// All reports whether it selects every check.
func (s Selection) All() bool { return len(s.Only)+len(s.Skip) == 0 && !s.Quick }

// Select returns the checks that are selected, in their order. A name that is
// neither an ID nor a group, or a selection that leaves nothing, is an error
// with the exit code Usage.
func Select(checks []Check, selection Selection) ([]Check, error) {
	for _, name := range slices.Concat(selection.Only, selection.Skip) {
		if !slices.ContainsFunc(checks, named(name)) {
			return nil, unknown(name, checks)
		}
	}
	in := func(names []string, check Check) bool {
		return slices.ContainsFunc(names, func(name string) bool { return named(name)(check) })
	}
	var selected []Check
	for _, check := range checks {
		wanted := len(selection.Only) == 0 || in(selection.Only, check)
		if tooSlow := selection.Quick && check.Slow; wanted && !tooSlow && !in(selection.Skip, check) {
			selected = append(selected, check)
		}
	}
	if len(selected) == 0 {
		return nil, hint.NothingSelected.New("the selection leaves no check", "list them: kindctl verify --list")
	}
	return selected, nil
}

func named(name string) func(Check) bool {
	return func(check Check) bool { return check.ID == name || check.Group == name }
}

// unknown says that there is no such check, and which one may have been meant.
func unknown(name string, checks []Check) error {
	names := map[string]bool{}
	for _, check := range checks {
		names[check.ID], names[check.Group] = true, true
	}
	advice := "list them: kindctl verify --list"
	if nearest := hint.Closest(name, slices.Sorted(keys(names))); nearest != "" {
		advice = fmt.Sprintf("did you mean %q? To list all: kindctl verify --list", nearest)
	}
	return hint.CheckUnknown.New(fmt.Sprintf("there is no check or group %q", name), advice)
}

func keys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }
