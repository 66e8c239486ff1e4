package nodes

import (
	"slices"

	"github.com/kindctl/kindctl/pkg/verify"
)

// expectOnNewNodes asks for the same settings on nodes that are made like another one.
func expectOnNewNodes(expect verify.Expectation, like string, names []string) verify.Expectation {
	all := slices.Clone(expect.Requested)
	for _, name := range names {
		for _, r := range expect.Requested {
			if r.Node == like {
				r.Node = name
				all = append(all, r)
			}
		}
		if slices.Contains(expect.Untainted, like) {
			expect.Untainted = append(slices.Clone(expect.Untainted), name)
		}
	}
	expect.Requested = all
	return expect
}

// expectWithoutNodes leaves out what was asked for of nodes that leave.
func expectWithoutNodes(expect verify.Expectation, names []string) verify.Expectation {
	expect.Requested = slices.DeleteFunc(slices.Clone(expect.Requested),
		func(r verify.Requested) bool { return slices.Contains(names, r.Node) })
	expect.Untainted = slices.DeleteFunc(slices.Clone(expect.Untainted), func(name string) bool { return slices.Contains(names, name) })
	return expect
}
