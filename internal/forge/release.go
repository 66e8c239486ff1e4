package forge

import (
	"fmt"
	"slices"
	"sync"

	"golang.org/x/mod/semver"

	"github.com/kindctl/kindctl/internal/releases"
	"github.com/kindctl/kindctl/pkg/hint"
)

// release is a version of Kubernetes with what goes with it. Which etcd and
// CoreDNS that are, kubeadm's constants say (cmd/kubeadm/app/constants); a build
// asks kubeadm and stops where they differ.
type release struct {
	kubernetes, etcd, coredns module
	// version is that of Kubernetes, read from its module when it is asked for first.
	version func() string
	// etcdTag is the one of etcd's image.
	etcdTag string
	// date is when Kubernetes was released, as its programs tell.
	date string
}

// all releases, in the order of releases.Supported.
var all = []release{
	newRelease("1.37", "3.7.0-0", "2026-10-27T12:01:04Z"),
	newRelease("1.36", "3.6.8-0", "2026-07-22T18:07:38Z"),
	newRelease("1.35", "3.6.6-0", "2026-04-15T18:01:22Z"),
}

func newRelease(minor, etcdTag, date string) release {
	of := func(name string) module { return module{name: name, file: name + "-" + minor} }
	kubernetes := of("kubernetes")
	version := sync.OnceValue(func() string { return kubernetes.version("k8s.io/kubernetes") })
	return release{kubernetes: kubernetes, etcd: of("etcd"), coredns: of("coredns"), version: version, etcdTag: etcdTag, date: date}
}

// flags tell all programs of Kubernetes which version they are: the module does
// not know the commit that it was made of.
func (r release) flags() (flags []string) {
	version := r.version()
	minor := semver.MajorMinor(version)[len("v1."):]
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		for _, assignment := range []string{
			"gitVersion=" + version, "gitMajor=1", "gitMinor=" + minor, "gitCommit=unknown",
			"gitTreeState=archive", "buildDate=" + r.date,
		} {
			flags = append(flags, "-X "+pkg+"."+assignment)
		}
	}
	return flags
}

// releaseOf returns the release of a version of Kubernetes; "" is the newest.
func releaseOf(version string) (release, error) {
	if version == "" {
		return all[0], nil
	}
	if i := slices.IndexFunc(all, func(r release) bool { return r.version() == version }); i >= 0 {
		return all[i], nil
	}
	return release{}, hint.KubernetesNotBuilt.New(fmt.Sprintf("no images of Kubernetes %s can be built", version), releases.Advice()+"; others come from a registry: --images registry")
}

// everyKey are the keys of all components, whatever the release.
func everyKey() map[string]bool {
	keys := map[string]bool{}
	for _, r := range all {
		for _, key := range recipe(r).keys() {
			keys[key] = true
		}
	}
	for _, key := range conformance(all[0]).keys() {
		keys[key] = true
	}
	return keys
}
