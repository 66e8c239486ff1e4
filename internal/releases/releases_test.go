package releases

import (
	"slices"
	"testing"

	"golang.org/x/mod/semver"

	"github.com/kindctl/kindctl/pkg/hint"
)

func TestResolve(t *testing.T) {
	newest := Supported[0]
	for wanted, want := range map[string]string{
		semver.MajorMinor(newest):     newest,
		semver.MajorMinor(newest)[1:]: newest,
		newest[1:]:                    newest,
		"1.34.1":                      "v1.34.1",
		"v1.38.0-alpha.1":             "v1.38.0-alpha.1",
	} {
		if got, err := Resolve(wanted); got != want || err != nil {
			t.Errorf("%s is %q, %v, want %s", wanted, got, err, want)
		}
	}
	for _, wanted := range []string{"", "latest", "1", "1.x", "1.36.3.1", "2.0.0", "1.30.9", "1.99", "1.36-rc.1", "1.36.3+k3s1"} {
		if got, err := Resolve(wanted); hint.ReasonOf(err) != "KUBERNETES_VERSION" || hint.CodeOf(err) != hint.Usage || hint.AdviceOf(err) == "" {
			t.Errorf("%q is %q, %v, want a refusal with advice", wanted, got, err)
		}
	}
}

func TestMeans(t *testing.T) {
	for _, c := range []struct {
		wanted, version string
		want            bool
	}{
		{"", "v1.37.2", true}, {"1.36", "v1.36.9", true}, {"v1.36", "v1.36.0", true}, {"1.36", "v1.37.0", false},
		{"1.36.3", "v1.36.3", true}, {"v1.36.3", "v1.36.3", true}, {"1.36.3", "v1.36.4", false},
	} {
		if got := Means(c.wanted, c.version); got != c.want {
			t.Errorf("%q means %s: %v", c.wanted, c.version, got)
		}
	}
}

func TestSupportedAreSorted(t *testing.T) {
	if !slices.IsSortedFunc(Supported, func(a, b string) int { return semver.Compare(b, a) }) {
		t.Errorf("the newest of %v is not the first", Supported)
	}
	for _, version := range Supported {
		if got, err := Resolve(semver.MajorMinor(version)); got != version || err != nil {
			t.Errorf("%s stands for %q, %v", semver.MajorMinor(version), got, err)
		}
	}
}

func TestWithin(t *testing.T) {
	for version, want := range map[string]bool{"v1.32.9": false, "v1.33.0": true, "v1.35.4": true, "v1.36.3": true, "v1.37.2": false, "v1.100.0": false} {
		if got := Within(version, "1.33", "1.36"); got != want {
			t.Errorf("%s is within 1.33 to 1.36: %v", version, got)
		}
	}
}
