//go:build linux

package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func runImages(t *testing.T, args ...string) (stdout, stderr string, code hint.Code) {
	t.Helper()
	var out, talk bytes.Buffer
	args = append([]string{"kindctl", "images"}, args...)
	code = hint.Code(Main(t.Context(), args, &out, &talk))
	return out.String(), talk.String(), code
}

func TestImagesListShowsWhatIsMissing(t *testing.T) {
	stdout, stderr, code := runImages(t, "ls", "--cni", "calico", "--cache-dir", t.TempDir(), "-o", "json")
	if code != hint.OK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var list []kindctl.ImageComponent
	if err := json.Unmarshal([]byte(stdout), &list); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, s := range list {
		names[s.Name] = true
		if s.Built || s.Estimate <= 0 || s.Key == "" {
			t.Errorf("in an empty cache, %s is %+v", s.Name, s)
		}
	}
	if !names["kubernetes"] || !names["calico"] || !names["node-calico"] || names["cilium"] || names["load-balancer"] {
		t.Errorf("the components of a node with Calico are %v", names)
	}
}

func TestImagesListOfSeveralNamesEachOnce(t *testing.T) {
	stdout, _, _ := runImages(t, "ls", "--cni", "all", "--load-balancer", "--cache-dir", t.TempDir())
	for _, name := range []string{"kubernetes", "cilium", "calico", "node-none", "load-balancer"} {
		rows := 0
		for line := range strings.Lines(stdout) {
			if strings.HasPrefix(line, name+" ") {
				rows++
			}
		}
		if rows != 1 {
			t.Errorf("%s has %d rows in\n%s", name, rows, stdout)
		}
	}
}

func TestImagesRefusesBadFlags(t *testing.T) {
	for name, args := range map[string][]string{
		"unknown CNI":      {"build", "--cni", "flannel"},
		"negative number":  {"build", "--parallel", "-1"},
		"unknown format":   {"ls", "-o", "xml"},
		"unknown command":  {"bild"},
		"surplus argument": {"prune", "all"},
	} {
		_, stderr, code := runImages(t, args...)
		if code != hint.Usage || stderr == "" {
			t.Errorf("%s: exit code %d, %q", name, code, stderr)
		}
	}
}
