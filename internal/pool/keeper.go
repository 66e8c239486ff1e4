package pool

import (
	"fmt"

	"golang.org/x/mod/semver"
)

// Two versions of kindctl that share a pool cannot take each other's clusters: what one makes
// may differ from what the other verifies. So that they do not replace each other's clusters
// without end, a pool has one keeper, the version in its definition.

// KeptBy reports whether the clusters of the pool are, or may become, those of a version of
// kindctl without being asked: it is the keeper, or a newer release than that. Versions that
// have no order, as those of commits, leave each other alone.
func (d Definition) KeptBy(version string) bool {
	if d.Version == "" || d.Version == version {
		return true
	}
	return semver.IsValid(d.Version) && semver.IsValid(version) && semver.Compare(version, d.Version) > 0
}

// keep has this version of kindctl keep the pool.
func (p *Pool) keep(d Definition) (Definition, error) {
	if d.Version == p.Version {
		return d, nil
	}
	d.Version = p.Version
	return d, p.Write(d)
}

// Keeper says which version keeps the pool, to users of another one.
func (d Definition) Keeper(other string) string {
	return fmt.Sprintf("kindctl %s keeps the pool, and this is kindctl %s, which leaves its clusters alone; to replace them: kindctl pool fill",
		d.Version, other)
}
