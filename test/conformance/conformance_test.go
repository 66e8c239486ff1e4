//go:build conformance

package conformance

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kindctl/kindctl/internal/forge"
	"github.com/kindctl/kindctl/pkg/event"
)

var (
	cnis     = flag.String("cni", "cilium,calico", "the CNIs to run the specs with")
	groups   = flag.String("groups", "", "the groups of specs to run, such as sig-network,sig-auth; all if empty")
	procs    = flag.Int("procs", 4, "how many specs run at once, but for those that are serial")
	serial   = flag.Bool("serial", true, "run those as well that may not run beside others")
	limit    = flag.Duration("limit", 3*time.Hour, "how long each of the two runs on a cluster may take")
	document = flag.String("document", "", "the file to write what was seen to, such as docs/conformance.md")
)

// TestSuiteIsBuilt makes the tests and their images, and holds the images to
// the names that the tests use.
func TestSuiteIsBuilt(t *testing.T) {
	suite := build(t)
	listed := "\n" + output(t, time.Minute, suite.E2E, "--list-images") + "\n"
	for _, image := range suite.StandInNames() {
		if !strings.Contains(listed, "\n"+image+"\n") {
			t.Errorf("no test uses the image %s", image)
		}
	}
}

// TestConformance runs the specs on a cluster of each CNI. A spec that fails,
// and is not among those that cannot run here, fails the test.
func TestConformance(t *testing.T) {
	suite := build(t)
	kindctl := filepath.Join(t.TempDir(), "kindctl")
	output(t, 10*time.Minute, "go", "build", "-trimpath", "-o", kindctl, "../..")
	for cni := range strings.SplitSeq(*cnis, ",") {
		t.Run(cni, func(t *testing.T) {
			seen := run(t, suite, kindctl, cni)
			for _, s := range seen {
				if s.outcome() == failed {
					t.Errorf("%s: %s", s.name(), s.reason())
				}
			}
			if *document != "" {
				write(t, *document, suite, cni, seen)
			}
		})
	}
}

func build(t *testing.T) forge.Suite {
	t.Helper()
	announce := event.Func(func(e event.Event) {
		if e.Kind == event.Started || e.Kind == event.Done || e.Kind == event.Failed {
			t.Logf("%s %s %s", e.Kind, e.ID, e.Message)
		}
	})
	suite, err := forge.Conformance(t.Context(), forge.Options{Sink: announce})
	if err != nil {
		t.Fatal(err)
	}
	return suite
}

// run makes a cluster, runs the specs on it and removes it.
func run(t *testing.T, suite forge.Suite, kindctl, cni string) []spec {
	name := "conformance-" + cni
	dir := t.TempDir()
	kubeconfig := filepath.Join(dir, "kubeconfig")
	t.Setenv("KUBECONFIG", kubeconfig)
	output(t, 5*time.Minute, kindctl, "down", "-n", name)
	t.Cleanup(func() { output(t, 5*time.Minute, kindctl, "down", "-n", name) })
	output(t, 30*time.Minute, kindctl, "up", "-n", name, "--cni", cni)
	output(t, 10*time.Minute, kindctl, "load", "-n", name, suite.Archive)

	among := "Conformance"
	if *groups != "" {
		among += " && (" + strings.ReplaceAll(*groups, ",", " || ") + ")"
	}
	alone := "(Serial || Disruptive)"
	seen := ginkgo(t, suite, dir, "parallel", among+" && !"+alone, *procs)
	if *serial {
		seen = append(seen, ginkgo(t, suite, dir, "serial", among+" && "+alone, 1)...)
	}
	if len(seen) == 0 {
		t.Fatalf("no spec is labeled %s", among)
	}
	return seen
}

// ginkgo runs the specs that labels name and returns what became of each.
func ginkgo(t *testing.T, suite forge.Suite, dir, name, labels string, procs int) []spec {
	t.Helper()
	report := name + ".json"
	begun := time.Now()
	// Its exit code says that a spec failed, as its report does.
	text, err := capture(t.Context(), *limit+10*time.Minute, suite.Ginkgo, fmt.Sprintf("--procs=%d", procs), "--no-color", "--silence-skips",
		"--timeout="+limit.String(), "--label-filter="+labels, "--output-dir="+dir, "--json-report="+report,
		suite.E2E, "--", "--kubeconfig="+os.Getenv("KUBECONFIG"), "--provider=skeleton", "--num-nodes=2", "--minStartupPods=0")
	specs, readErr := readReport(filepath.Join(dir, report))
	if readErr != nil {
		t.Fatalf("no report of the specs: %v; ginkgo: %v\n%s", readErr, err, text)
	}
	t.Logf("%s: %d specs in %v", name, len(specs), time.Since(begun).Round(time.Second))
	if kept := os.Getenv("KINDCTL_CONFORMANCE_LOGS"); kept != "" {
		if err := os.WriteFile(filepath.Join(kept, filepath.Base(t.Name())+"-"+name+".log"), []byte(text), 0o644); err != nil {
			t.Error(err)
		}
	}
	return specs
}

func output(t *testing.T, limit time.Duration, command ...string) string {
	t.Helper()
	text, err := capture(context.WithoutCancel(t.Context()), limit, command...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, text)
	}
	return strings.TrimSpace(text)
}

// capture runs a command and returns what it wrote.
func capture(ctx context.Context, limit time.Duration, command ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var text bytes.Buffer
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &text, &text, time.Minute
	err := cmd.Run()
	return text.String(), err
}

// write puts what was seen with one CNI into the document.
func write(t *testing.T, path string, suite forge.Suite, cni string, specs []spec) {
	t.Helper()
	earlier, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	p := parse(string(earlier))
	p.put(cni, specs, time.Now().UTC(), output(t, time.Minute, "git", "rev-parse", "--short=10", "HEAD"), suite.Kubernetes)
	for _, image := range suite.StandInNames() {
		p.origins = append(p.origins, "| `"+image+"` | "+suite.StandIns[image]+" |")
	}
	if err := os.WriteFile(path, []byte(p.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
