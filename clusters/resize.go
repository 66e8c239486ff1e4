package clusters

import "slices"

// Resized returns the Topology with more nodes of a role, or fewer. Nodes that are
// added are like the first of their role; it is the last that go.
func (t Topology) Resized(role string, by int) Topology {
	if len(t.Groups) == 0 {
		if role == ControlPlane {
			t.ControlPlanes += by
		} else {
			t.Workers += by
		}
		return t
	}
	groups := slices.Clone(t.Groups)
	of := func(g Group) bool { return g.Role == role }
	if by > 0 {
		if at := slices.IndexFunc(groups, of); at >= 0 {
			groups[at].Count += by
		} else {
			groups = append(groups, Group{Role: role, Count: by})
		}
	}
	for ; by < 0; by++ {
		last := -1
		for i, g := range groups {
			if of(g) {
				last = i
			}
		}
		if last < 0 {
			break
		}
		if groups[last].Count--; groups[last].Count == 0 {
			groups = slices.Delete(groups, last, last+1)
		}
	}
	return t.WithNodes(groups...)
}
