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

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/kindctl"
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
	s, err := mergeOptions(nameFor(t.Name()), options)
	must(t, err)
	requireDocker(t)
	if s.Topology.TTL == 0 {
		s.Topology.TTL = ttl(t, time.Now())
	}
	s.Kubeconfig = filepath.Join(t.TempDir(), "kubeconfig") // before Cleanup, so that it goes after the cluster
	s.Ephemeral, s.sink, s.Examine = !s.retain, log(t), examine(t)
	created, err := interrupts.up(t, s)
	must(t, err)
	t.Cleanup(func() { end(t, created.Name, s) })
	return attach(t, created.Name, s.Kubeconfig)
}

// FromPool is New with a cluster of the pool that "kindctl pool set" has defined: the test gets
// it in seconds, or waits for a new one of the same kind when the pool is empty. Nothing fills the
// pool again before "kindctl pool fill" does.
func FromPool(t testing.TB) *Cluster {
	t.Helper()
	requireDocker(t)
	retain, err := isOn("KINDCTL_RETAIN")
	must(t, err)
	s := settings{sink: log(t), retain: retain}
	s.Kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	s.take = &kindctl.TakeOptions{TTL: ttl(t, time.Now()), Kubeconfig: s.Kubeconfig, Ephemeral: !retain}
	taken, err := interrupts.up(t, s)
	must(t, err)
	t.Cleanup(func() { end(t, taken.Name, s) })
	return attach(t, taken.Name, s.Kubeconfig)
}

// end removes the cluster of a test, or says how to look at it.
func end(t testing.TB, name string, s settings) {
	if t.Failed() && s.retain {
		interrupts.forget(name)
		t.Logf("cluster %s was kept; inspect it: kindctl verify -n %[1]s; kindctl get kubeconfig -n %[1]s; remove it: kindctl down -n %[1]s", name)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), removeTimeout)
	defer cancel()
	if _, err := client.WithSink(log(t)).Down(ctx, kindctl.DownOptions{Name: name, Kubeconfig: s.Kubeconfig}); err != nil {
		t.Errorf("%s\nremove it: kindctl down -n %s", message(err), name)
		return
	}
	interrupts.forget(name)
}

// attach gives a test its way to a cluster.
func attach(t testing.TB, name, kubeconfig string) *Cluster {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	must(t, err)
	t.Cleanup(func() { // before the cluster goes
		if t.Failed() {
			ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
			defer cancel()
			collect(ctx, t, name)
		}
	})
	return &Cluster{Name: name, Kubeconfig: kubeconfig, Config: config}
}

// Verify proves again that every component of the cluster works; what does not
// fails the test, with its cause and what to do.
func (c *Cluster) Verify(t testing.TB) verify.Report {
	t.Helper()
	verdict, err := client.WithSink(log(t)).Verify(t.Context(), kindctl.VerifyOptions{Cluster: kindctl.ClusterRef{Name: c.Name}})
	if err != nil {
		t.Errorf("cluster %s: %s", c.Name, message(err))
	}
	return verdict
}

// examine collects from a cluster that could not be made for a test.
func examine(t testing.TB) func(context.Context, string, verify.Report, error) {
	return func(ctx context.Context, name string, _ verify.Report, _ error) {
		ctx, cancel := context.WithTimeout(ctx, collectTimeout)
		defer cancel()
		collect(ctx, t, name)
	}
}

// collect leaves logs and events of the cluster, when the artifacts of tests are
// kept.
func collect(ctx context.Context, t testing.TB, name string) {
	kept := flag.Lookup("test.artifacts")
	if kept == nil || kept.Value.String() != "true" {
		return
	}
	dir := filepath.Join(t.ArtifactDir(), "cluster-"+name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Logf("nothing could be kept of cluster %s: %v", name, err)
		return
	}
	problems := client.Diagnose(ctx, kindctl.DiagnoseOptions{Name: name, Dir: dir})
	t.Logf("logs and events of cluster %s are in %s", name, dir)
	for _, problem := range problems {
		t.Logf("not everything could be kept: %s", problem)
	}
}

// log is a sink that writes to the test's log.
func log(t testing.TB) event.Sink { return console.New(t.Output(), console.Style{}) }

// message is an error with its advice.
func message(err error) string {
	var text strings.Builder
	console.Failure(&text, err, console.Style{})
	return strings.TrimSuffix(text.String(), "\n")
}

// must fails the test for an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(message(err))
	}
}

// requireDocker skips the test where no Docker answers, or fails it where a skip
// would pass for a success.
func requireDocker(t testing.TB) {
	t.Helper()
	err := client.Open(t.Context())
	if err == nil {
		return
	}
	required, problem := required()
	must(t, problem)
	if required || errors.Is(err, context.Canceled) {
		t.Fatal(message(err))
	}
	t.Skip(message(err) + "\nKINDCTL_TEST_REQUIRE=1 would fail instead")
}

// required reports whether a test without Docker fails.
func required() (bool, error) {
	if os.Getenv("KINDCTL_TEST_REQUIRE") == "" {
		ci := os.Getenv("CI")
		return ci != "" && ci != "false" && ci != "0", nil
	}
	return isOn("KINDCTL_TEST_REQUIRE")
}
