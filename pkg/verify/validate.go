package verify

import (
	"errors"
	"fmt"
	"slices"
)

// Join puts lists of checks together and turns every NeededBy into a need of
// the check that it names, where that one is in the lists.
func Join(lists ...[]Check) []Check {
	checks := slices.Concat(lists...)
	for _, before := range checks {
		for i := range checks {
			if slices.Contains(before.NeededBy, checks[i].ID) && !slices.Contains(checks[i].Needs, before.ID) {
				checks[i].Needs = append(slices.Clone(checks[i].Needs), before.ID)
			}
		}
	}
	return checks
}

// Validate says what is wrong with a list of checks as a program: IDs that
// are missing or taken twice, texts that are missing, rights that cannot be
// read, needs that no check meets or that run in a circle. A circle would keep
// Run waiting forever.
func Validate(checks []Check) error {
	var problems []error
	byID := map[string]Check{}
	for _, check := range checks {
		if check.ID == "" || check.Title == "" || check.Group == "" || check.Proves == "" || check.Hint == "" || check.Run == nil {
			problems = append(problems, fmt.Errorf("check %q lacks an ID, title, group, proof, hint or function", check.ID))
		}
		if _, err := Roles([]Check{check}); err != nil {
			problems = append(problems, err)
		}
		if _, taken := byID[check.ID]; taken {
			problems = append(problems, fmt.Errorf("two checks are called %q", check.ID))
		}
		byID[check.ID] = check
	}
	for _, check := range checks {
		for _, need := range check.Needs {
			if _, known := byID[need]; !known {
				problems = append(problems, fmt.Errorf("check %q needs %q, which does not exist", check.ID, need))
			}
		}
		if reaches(byID, check.ID, check.Needs, map[string]bool{}) {
			problems = append(problems, fmt.Errorf("check %q needs itself", check.ID))
		}
	}
	return errors.Join(problems...)
}

// reaches reports whether the needs lead to the check with the ID.
func reaches(byID map[string]Check, id string, needs []string, seen map[string]bool) bool {
	for _, need := range needs {
		if need == id {
			return true
		}
		if !seen[need] {
			seen[need] = true
			if reaches(byID, id, byID[need].Needs, seen) {
				return true
			}
		}
	}
	return false
}
