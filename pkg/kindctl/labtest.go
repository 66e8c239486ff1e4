package kindctl

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"time"

	"github.com/kindctl/kindctl/internal/lab"
	"github.com/kindctl/kindctl/internal/lab/format"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// TestLabOptions say which lab TestLab tries. Folder and Source must be set.
type TestLabOptions struct {
	// Folder has the lab's index.json.
	Folder fs.FS
	// Source is where the folder is, for people, and what the cluster is named after.
	Source string
	// Name is that of the cluster; "" is one after Source.
	Name string
	// Backend is an imageid to use instead of the lab's; "" is that.
	Backend string
	// Images, Mirror, IgnorePreflightErrors and WaitTimeout are those of UpOptions.
	Images                ImageMode
	Mirror                string
	IgnorePreflightErrors []string
	WaitTimeout           time.Duration
	// Kubeconfig is the file that has the cluster's context meanwhile.
	Kubeconfig string
}

// TestLab creates a cluster, tries a lab on it and removes it: the verify script of each step must
// fail at its beginning and after each wrong answer, and pass after the solution. The report has
// a result for each of that. An error with the reason LAB_TEST_FAILED means that one has failed.
func (c *Client) TestLab(ctx context.Context, o TestLabOptions) (report verify.Report, err error) {
	report.Started = time.Now()
	defer func() { report.Duration = time.Since(report.Started) }()
	read, backend, err := readLab(o.Folder, o.Backend)
	if err != nil {
		return report, err
	}
	name := cmp.Or(o.Name, lab.Name(o.Source+"-test"))
	topology := lab.Topology(read, backend)
	topology.Name = name
	report.Cluster, report.RunID = Context(name), rand.Text()
	state := Lab{
		Cluster: name, Title: read.Title.In(format.English), Source: o.Source, Backend: backend.ImageID,
		Language: format.English, Key: rand.Text(),
	}
	_, err = c.Up(ctx, UpOptions{
		Topology: topology, Images: o.Images, Mirror: o.Mirror, Kubeconfig: o.Kubeconfig, KeepContext: true, Ephemeral: true,
		IgnorePreflightErrors: o.IgnorePreflightErrors, WaitTimeout: o.WaitTimeout,
	})
	if err != nil {
		return report, err
	}
	defer func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endLabTimeout)
		defer cancel()
		err = errors.Join(err, c.removeLab(ending, name, o.Kubeconfig))
	}()
	report.Results, err = c.tryLab(ctx, &state, read, backend, o.WaitTimeout)
	if err == nil && report.Count(verify.Fail)+report.Count(verify.Error) > 0 {
		err = hint.LabTestFailed.New("the lab "+o.Source+" did not pass its test", "correct what the table names as FAIL; go through it yourself: kindctl lab run "+o.Source)
	}
	return report, err
}

// tryLab tries a lab on a cluster that runs.
func (c *Client) tryLab(ctx context.Context, state *Lab, read format.Lab, backend format.Backend, wait time.Duration) ([]verify.Result, error) {
	session := &lab.Session{
		Lab: read, State: state, Keep: func(Lab) error { return nil },
		Cluster: labCluster{c, state.Cluster, wait}, Sink: c.sink(),
	}
	var err error
	if session.Hosts, err = c.labHosts(ctx, state.Cluster, backend); err != nil {
		return nil, err
	}
	c.loadLabImages(ctx, read, state.Cluster)
	if err := session.Start(ctx); err != nil {
		return nil, err
	}
	return session.Trial(ctx, state.Title)
}
