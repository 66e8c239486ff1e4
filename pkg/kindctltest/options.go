package kindctltest

import (
	"cmp"
	"crypto/rand"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

// Option changes the cluster that a test gets. Later ones win over earlier ones.
type Option func(*settings) error

// settings are what options and the environment come to.
type settings struct {
	kindctl.UpOptions
	sink   event.Sink
	retain bool                 // when the test fails
	saved  bool                 // tests reset the cluster to what it was when it was created
	take   *kindctl.TakeOptions // from the pool; nil creates the cluster
}

// Profile starts from one of the profiles: "single", which is what a test gets
// anyway, "default" or "ha".
func Profile(name string) Option {
	return func(s *settings) (err error) {
		s.Topology, err = clusters.Profile(name)
		return err
	}
}

// Config starts from a configuration file, kindctl's or kind's. The name in it
// does not count.
func Config(file string) Option {
	return func(s *settings) error {
		data, err := os.ReadFile(file)
		if err == nil {
			s.Topology, err = clusters.Decode(data, file)
		}
		return err
	}
}

// CNI chooses one of clusters.CNIs.
func CNI(name string) Option { return field("cni", name, "kindctltest.CNI") }

// ProxyMode chooses iptables, nftables, ipvs or none.
func ProxyMode(mode string) Option { return field("proxyMode", mode, "kindctltest.ProxyMode") }

// Nodes counts control planes and workers.
func Nodes(controlPlanes, workers int) Option {
	return func(s *settings) error {
		if err := field("controlPlanes", controlPlanes, "kindctltest.Nodes")(s); err != nil {
			return err
		}
		return field("workers", workers, "kindctltest.Nodes")(s)
	}
}

// field overrides a field of the configuration, as the environment does for the
// command: what a file says otherwise is reported and gives way.
func field(name string, value any, from string) Option {
	return func(s *settings) (err error) {
		s.Topology, err = s.Topology.Overlay(clusters.Override{Field: name, Value: value, From: from})
		return err
	}
}

// Retain keeps the cluster of a test that fails, for a look. KINDCTL_RETAIN does
// the same for every test.
func Retain() Option {
	return func(s *settings) error { s.retain = true; return nil }
}

// With changes whatever has no option of its own. Name and kubeconfig belong to the
// package.
func With(change func(*kindctl.UpOptions)) Option {
	return func(s *settings) error { change(&s.UpOptions); return nil }
}

// mergeOptions merges options over the environment over the smallest profile, and says
// what is wrong with the cluster that they describe.
func mergeOptions(name string, options []Option) (settings, error) {
	s := settings{UpOptions: kindctl.UpOptions{Images: kindctl.ImageMode(os.Getenv("KINDCTL_IMAGES")),
		Mirror: os.Getenv("KINDCTL_IMAGE_REGISTRY")}}
	var err error
	if s.retain, err = isOn("KINDCTL_RETAIN"); err != nil {
		return s, err
	}
	for _, option := range append([]Option{Profile("single")}, options...) {
		if err := option(&s); err != nil {
			return s, err
		}
	}
	s.Topology.Name, s.Retain = name, s.retain
	_, err = s.Topology.Validate() // the warnings come when the cluster is created
	return s, err
}

// isOn reads a variable that is on or off; empty is off.
func isOn(variable string) (bool, error) {
	text := os.Getenv(variable)
	on, err := strconv.ParseBool(cmp.Or(text, "0"))
	if err != nil {
		return false, hint.BadEnvironment.New(variable+" is "+strconv.Quote(text), "set it to 1 or 0")
	}
	return on, nil
}

// nameLength leaves room for what is added to the names of nodes.
const nameLength = 24

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// nameFor is a new name for a cluster, which says whose it is.
func nameFor(test string) string {
	slug := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(test), "-"), "-")
	slug = strings.Trim(slug[:min(len(slug), nameLength)], "-")
	return cmp.Or(slug, "test") + "-" + strings.ToLower(rand.Text()[:8])
}

const (
	// orphanAge is how long a cluster may outlive its test, if nothing removes it.
	orphanAge = 10 * time.Minute
	// longest is how long a test without a deadline may take, by that measure.
	longest = 2 * time.Hour
)

// ttl is how long the cluster of a test is wanted.
func ttl(t testing.TB, now time.Time) time.Duration {
	if deadline, limited := deadlineOf(t); limited {
		return max(deadline.Sub(now), 0).Round(time.Minute) + orphanAge
	}
	return longest
}

// deadlineOf is when "go test" kills the process, if it does.
func deadlineOf(t testing.TB) (time.Time, bool) {
	if limited, has := t.(interface{ Deadline() (time.Time, bool) }); has {
		return limited.Deadline()
	}
	return time.Time{}, false
}
