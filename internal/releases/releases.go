// Package releases knows of which versions of Kubernetes kindctl makes clusters.
package releases

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Supported are the minor versions that Kubernetes supports, each by the patch
// of which kindctl can build node images. The newest comes first; it is the
// default.
var Supported = []string{"v1.37.2", "v1.36.3", "v1.35.4"}

// Oldest is the first minor version whose kubeadm and kubelets are known to do
// with what kindctl writes for them.
const Oldest = "v1.31"

// Resolve returns the version that "1.36", "v1.36" or "1.36.3" stands for:
// "v1.36.3". One with all its numbers need not be among Supported; a registry may
// have it.
func Resolve(wanted string) (string, error) {
	version, minor := prefixed(wanted), Minor(wanted)
	switch {
	case !semver.IsValid(version) || semver.Canonical(version) != version && minor == "":
		return "", hint.KubernetesVersion.New(fmt.Sprintf("%q is no version of Kubernetes", wanted), "write it as 1.36, for the newest patch that is known, or 1.36.3")
	case semver.Compare(semver.MajorMinor(version), Oldest) < 0 || semver.Major(version) != "v1":
		return "", hint.KubernetesVersion.New(fmt.Sprintf("Kubernetes %s cannot be used", wanted), "use "+Oldest+" or newer; "+Advice())
	case minor == "":
		return version, nil
	}
	for _, supported := range Supported {
		if semver.MajorMinor(supported) == minor {
			return supported, nil
		}
	}
	return "", hint.KubernetesVersion.New("the newest patch of Kubernetes "+wanted+" is not known", "name it, such as "+minor+".0, if a registry has a node image of it; "+Advice())
}

// TooOld reports whether a version is older than Oldest.
func TooOld(version string) bool {
	return semver.Compare(semver.MajorMinor(version), Oldest) < 0
}

// Minor returns the minor version that is wanted, "v1.36", or "" when it is a
// certain patch that is wanted, or nothing.
func Minor(wanted string) string {
	version := prefixed(wanted)
	if minor := semver.MajorMinor(version); minor == version {
		return minor
	}
	return ""
}

// Means reports whether a version is one that is wanted; "" wants any.
func Means(wanted, version string) bool {
	if minor := Minor(wanted); minor != "" {
		return semver.MajorMinor(version) == minor
	}
	return wanted == "" || prefixed(wanted) == version
}

// prefixed is a version as Go's library for them wants it.
func prefixed(version string) string { return "v" + strings.TrimPrefix(version, "v") }

// Buildable reports whether kindctl can build node images of a version.
func Buildable(version string) bool { return slices.Contains(Supported, version) }

// Advice names the versions that kindctl can build.
func Advice() string { return "kindctl builds " + strings.Join(Supported, ", ") }

// Within reports whether the minor version of version is between two others,
// both of them written as "1.33".
func Within(version, from, to string) bool {
	minor := semver.MajorMinor(version)
	return semver.Compare(minor, "v"+from) >= 0 && semver.Compare(minor, "v"+to) <= 0
}
