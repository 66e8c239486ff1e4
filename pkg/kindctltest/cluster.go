package kindctltest

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/diagnose"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/provider"
	"github.com/kindctl/kindctl/pkg/verify"
)

// Cluster is a cluster that is proven to work, for one test.
type Cluster struct {
	// Name is the cluster's name: kindctl verify -n NAME.
	Name string
	// Kubeconfig is a file of the test's own, mode 0600, which goes with the test.
	Kubeconfig string
	// Config is for client-go: kubernetes.NewForConfig(cluster.Config).
	Config *rest.Config

	made *kindctl.Cluster
}

const (
	// removeTimeout bounds the removal of a cluster, which no deadline ends.
	removeTimeout = 2 * time.Minute
	// collectTimeout bounds what is asked of the cluster of a test that failed.
	collectTimeout = time.Minute
)

// New makes a cluster for a test and its subtests, and removes it when they have
// ended. It fails the test if the cluster cannot be made, and skips it where
// there is no Docker: see the package's comment.
func New(t testing.TB, options ...Option) *Cluster {
	t.Helper()
	s, err := settle(nameFor(t.Name()), options)
	must(t, err)
	requireDocker(t)
	if s.Topology.TTL == 0 {
		s.Topology.TTL = ttl(t, time.Now())
	}
	s.Kubeconfig = filepath.Join(t.TempDir(), "kubeconfig") // before Cleanup, so that it goes after the cluster
	s.Sink, s.Examine = log(t), examine(t, s.Topology.Name)
	made, err := watchman.up(t, s.Options)
	must(t, err)
	t.Cleanup(func() { end(t, made, s) })
	return attach(t, made, s.Kubeconfig)
}

// end removes the cluster of a test, or says how to look at it.
func end(t testing.TB, cluster *kindctl.Cluster, s settings) {
	if t.Failed() && s.retain {
		watchman.forget(cluster.Name)
		t.Logf("cluster %s is kept; look: kindctl verify -n %s; kindctl get kubeconfig -n %s; remove it: kindctl down -n %s",
			cluster.Name, cluster.Name, cluster.Name, cluster.Name)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), removeTimeout)
	defer cancel()
	if err := watchman.down(ctx, cluster, log(t)); err != nil {
		t.Errorf("%s\nremove it: kindctl down -n %s", said(err), cluster.Name)
	}
}

// attach gives a test its way to a cluster.
func attach(t testing.TB, cluster *kindctl.Cluster, kubeconfig string) *Cluster {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	must(t, err)
	c := &Cluster{Name: cluster.Name, Kubeconfig: kubeconfig, Config: config, made: cluster}
	t.Cleanup(func() { // before the cluster goes
		if t.Failed() {
			ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
			defer cancel()
			collect(ctx, t, c.Name, c.made.Client)
		}
	})
	return c
}

// Verify proves again that every component of the cluster works; what does not
// fails the test, with its cause and what to do.
func (c *Cluster) Verify(t testing.TB) verify.Report {
	t.Helper()
	verdict, err := c.made.Verify(t.Context(), log(t))
	if err != nil {
		t.Errorf("cluster %s: %s", c.Name, said(err))
	}
	return verdict
}

// examine collects from a cluster that could not be made for a test.
func examine(t testing.TB, name string) func(context.Context, *kube.Client, verify.Report, error) {
	return func(ctx context.Context, client *kube.Client, _ verify.Report, _ error) {
		ctx, cancel := context.WithTimeout(ctx, collectTimeout)
		defer cancel()
		collect(ctx, t, name, client)
	}
}

// collect leaves what the cluster and its nodes say of themselves, when the
// artifacts of tests are kept.
func collect(ctx context.Context, t testing.TB, name string, client *kube.Client) {
	kept := flag.Lookup("test.artifacts")
	if kept == nil || kept.Value.String() != "true" {
		return
	}
	dir := filepath.Join(t.ArtifactDir(), "cluster-"+name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Logf("nothing could be kept of cluster %s: %v", name, err)
		return
	}
	bundle := diagnose.NewBundle(dir)
	bundle.Fill(ctx, kindctl.Diagnostics(name, client))
	t.Logf("what cluster %s says of itself is in %s", name, dir)
	for _, problem := range bundle.Problems() {
		t.Logf("not everything could be kept: %s", problem)
	}
}

// log is a sink that writes to the test's log.
func log(t testing.TB) event.Sink { return report.NewConsole(t.Output(), report.Style{}) }

// said is an error with its advice.
func said(err error) string {
	var text strings.Builder
	report.Failure(&text, err, report.Style{})
	return strings.TrimSuffix(text.String(), "\n")
}

// must fails the test for an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(said(err))
	}
}

// requireDocker skips the test where no Docker answers, or fails it where a skip
// would pass for a success.
func requireDocker(t testing.TB) {
	t.Helper()
	docker, err := provider.Open(t.Context())
	if err == nil {
		docker.Close()
		return
	}
	required, problem := required()
	must(t, problem)
	if required || errors.Is(err, context.Canceled) {
		t.Fatal(said(err))
	}
	t.Skip(said(err) + "\nKINDCTL_TEST_REQUIRE=1 would fail instead")
}

// required reports whether a test without Docker fails.
func required() (bool, error) {
	if os.Getenv("KINDCTL_TEST_REQUIRE") == "" {
		ci := os.Getenv("CI")
		return ci != "" && ci != "false" && ci != "0", nil
	}
	return isOn("KINDCTL_TEST_REQUIRE")
}
