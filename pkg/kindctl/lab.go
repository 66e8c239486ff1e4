package kindctl

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/internal/lab"
	"github.com/kindctl/kindctl/internal/lab/format"
	"github.com/kindctl/kindctl/internal/lab/hosts"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Lab is one that runs, and how far its learner has come.
type Lab = lab.State

// LabCheck is what CheckLab has found.
type LabCheck = lab.CheckResult

// LabHint is one that HintLab has given.
type LabHint = lab.GivenHint

// RunLabOptions say which lab RunLab begins. Folder and Source must be set.
type RunLabOptions struct {
	// Folder has the lab's index.json.
	Folder fs.FS
	// Source is where the folder is, for people, and what the lab is named after.
	Source string
	// Name is that of the lab and of its cluster; "" is one after Source.
	Name string
	// Backend is an imageid to use instead of the lab's; "" is that.
	Backend string
	// Language is that of texts, such as "zh" or "zh_CN.UTF-8". Where the lab has no such one, it
	// is English.
	Language string
	// Images, Mirror, Kubeconfig, KeepContext, IgnorePreflightErrors and WaitTimeout are those of
	// UpOptions.
	Images                ImageMode
	Mirror                string
	Kubeconfig            string
	KeepContext           bool
	IgnorePreflightErrors []string
	WaitTimeout           time.Duration
	// Out gets what foreground scripts print; nil drops it.
	Out io.Writer
}

// RunLab creates a cluster for a lab and begins it: the scripts of the intro and of the first step
// have run when it returns. When it fails or the context ends, nothing is left.
func (c *Client) RunLab(ctx context.Context, o RunLabOptions) (Lab, error) {
	read, backend, err := readLab(o.Folder, o.Backend)
	if err != nil {
		return Lab{}, err
	}
	state := Lab{
		Cluster: cmp.Or(o.Name, lab.Name(o.Source)), Title: read.Title.In(format.English), Source: o.Source, Backend: backend.ImageID,
		Language: lab.Language(read, o.Language), Key: rand.Text(), Started: time.Now().UTC(), Steps: make([]lab.Progress, len(read.Steps)),
	}
	topology := lab.Topology(read, backend)
	topology.Name = state.Cluster
	if _, err := topology.Validate(); err != nil {
		return state, err
	}
	store, release, err := lockedLabs(state.Cluster)
	if err != nil {
		return state, err
	}
	defer release()
	if err := c.ensureNoLab(ctx, store, state.Cluster); err != nil {
		return state, err
	}
	if err := errors.Join(store.Write(state), store.Copy(state.Cluster, o.Folder)); err != nil {
		return state, errors.Join(err, store.Remove(state.Cluster))
	}
	_, err = c.Up(ctx, UpOptions{
		Topology: topology, Images: o.Images, Mirror: o.Mirror, Kubeconfig: o.Kubeconfig, KeepContext: o.KeepContext,
		IgnorePreflightErrors: o.IgnorePreflightErrors, WaitTimeout: o.WaitTimeout,
	})
	if err != nil {
		return state, errors.Join(err, store.Remove(state.Cluster))
	}
	if err := c.startLab(ctx, store, &state, o); err != nil {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endLabTimeout)
		defer cancel()
		return state, errors.Join(err, c.endLab(ending, store, state.Cluster, o.Kubeconfig))
	}
	return state, nil
}

// endLabTimeout bounds the removal of a lab that could not begin.
const endLabTimeout = 2 * time.Minute

// startLab begins a lab in a cluster that runs.
func (c *Client) startLab(ctx context.Context, store lab.Store, state *Lab, o RunLabOptions) error {
	session, err := c.labSession(ctx, store, state, o.Out, o.WaitTimeout)
	if err != nil {
		return err
	}
	c.loadLabImages(ctx, session.Lab, state.Cluster)
	return session.Start(ctx)
}

// loadLabImages loads images that the lab names and this host's Docker has. Others are pulled when
// they are needed.
func (c *Client) loadLabImages(ctx context.Context, read format.Lab, cluster string) {
	docker, err := c.open(ctx)
	if err != nil {
		return
	}
	engine := images.NewEngine(docker.Client())
	needs, _ := format.Examine(read)
	var local []string
	for _, image := range needs.Images {
		if _, has, err := engine.Find(ctx, image); err == nil && has {
			local = append(local, image)
		}
	}
	if len(local) == 0 {
		return
	}
	if _, err := c.Load(ctx, LoadOptions{Name: cluster, Images: local}); err != nil && ctx.Err() == nil {
		c.warn("lab", "images of this host could not be loaded, and will be pulled: "+err.Error())
	}
}

// readLab reads a lab that can be run, on a backend of its own or another one.
func readLab(folder fs.FS, other string) (format.Lab, format.Backend, error) {
	if !format.IsScenario(folder) && format.IsCourse(folder) {
		course, _ := format.ReadCourse(folder)
		var paths []string
		for _, item := range course.Items {
			paths = append(paths, item.Path)
		}
		return format.Lab{}, format.Backend{}, hint.LabInvalid.New("the folder is a course with these labs: "+strings.Join(paths, ", "), "name the folder of one of them")
	}
	read, problems := format.Read(folder)
	if found := format.Errors(problems); len(found) > 0 {
		lines := make([]string, len(found))
		for i, one := range found {
			lines[i] = one.String()
		}
		return read, format.Backend{}, hint.LabInvalid.New(strings.Join(lines, "\n"), "see all that is wrong with it: kindctl lab lint")
	}
	backend, err := format.ParseBackend(cmp.Or(other, read.Backend.ImageID))
	if err != nil {
		return read, backend, err
	}
	read.Backend = backend
	_, problems = format.Examine(read)
	if found := format.Errors(problems); len(found) > 0 {
		return read, backend, hint.LabInvalid.New(found[0].String(), "see all that is wrong with it: kindctl lab lint")
	}
	return read, backend, nil
}

// lockedLabs opens the store of labs, and keeps other processes from a lab until release is
// called.
func lockedLabs(name string) (store lab.Store, release func(), err error) {
	if store, err = lab.OpenStore(); err != nil {
		return store, nil, err
	}
	lock, err := runs.LockFile("labs", name)
	if err != nil {
		return store, nil, err
	}
	taken, err := lock.TryLock()
	if err == nil && !taken {
		err = hint.ClusterBusy.New("another kindctl is at work on lab "+name, "wait for it, then run the command again")
	}
	return store, func() { _ = lock.Unlock() }, err
}

// ensureNoLab refuses a name that a lab or a cluster has.
func (c *Client) ensureNoLab(ctx context.Context, store lab.Store, name string) error {
	names, err := store.Names()
	if err != nil {
		return err
	}
	if slices.Contains(names, name) {
		return hint.LabRuns.New("lab "+name+" runs already", fmt.Sprintf("go on with it: kindctl lab show -n %s; remove it: kindctl lab end -n %[1]s; or run it beside itself: --name", name))
	}
	docker, err := c.open(ctx)
	if err != nil {
		return err
	}
	nodes, err := docker.Cluster(name).Nodes(ctx)
	if err == nil && len(nodes) > 0 {
		err = hint.LabRuns.New("there is a cluster "+name+" already", "choose another name: --name")
	}
	return err
}

// labSession opens a lab whose cluster runs.
func (c *Client) labSession(ctx context.Context, store lab.Store, state *Lab, out io.Writer, wait time.Duration) (*lab.Session, error) {
	read, backend, err := readLab(store.Folder(state.Cluster), state.Backend)
	if err != nil {
		return nil, err
	}
	if out == nil {
		out = io.Discard
	}
	session := &lab.Session{Lab: read, State: state, Keep: store.Write, Cluster: labCluster{c, state.Cluster, wait}, Out: out, Sink: c.sink()}
	session.Hosts, err = c.labHosts(ctx, state.Cluster, backend)
	return session, err
}

// labHosts are the machines of a lab, which must run.
func (c *Client) labHosts(ctx context.Context, cluster string, backend format.Backend) (all []hosts.Host, err error) {
	_, found, err := c.existing(ctx, cluster)
	if err != nil {
		return nil, err
	}
	nodes, err := found.KubernetesNodes(ctx)
	if err != nil {
		return nil, err
	}
	for i, name := range backend.Hosts() {
		role := []string{"control-plane", "worker"}[i]
		at := slices.IndexFunc(nodes, func(node *provider.Node) bool { return node.Role == role })
		switch {
		case at < 0:
			return nil, hint.ClusterBroken.New(fmt.Sprintf("cluster %s has no %s any more", cluster, role), "remove the lab: kindctl lab end -n "+cluster)
		case !nodes[at].Running():
			return nil, hint.ClusterStopped.New("the nodes of cluster "+cluster+" do not run", "kindctl start -n "+cluster)
		}
		host := hosts.Host{Name: name, Node: nodes[at]}
		if addresses := nodes[at].Addresses(); len(addresses) > 0 {
			host.Address = addresses[0].String()
		}
		all = append(all, host)
	}
	return all, nil
}

// labCluster saves and resets the cluster of a lab.
type labCluster struct {
	client *Client
	name   string
	wait   time.Duration
}

func (l labCluster) Save(ctx context.Context, name string) error {
	_, err := l.client.SaveSnapshot(ctx, SaveSnapshotOptions{Cluster: l.name, Name: name, Replace: true})
	return err
}

func (l labCluster) Reset(ctx context.Context, name string) error {
	_, err := l.client.Reset(ctx, ResetOptions{Name: l.name, To: name, WaitTimeout: l.wait})
	return err
}

// Labs returns the labs that run, sorted by name. The error is about those whose progress cannot
// be read.
func (c *Client) Labs() (found []Lab, err error) {
	store, err := lab.OpenStore()
	if err != nil {
		return nil, err
	}
	names, err := store.Names()
	if err != nil {
		return nil, err
	}
	var failures []error
	for _, name := range names {
		state, err := store.Read(name)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		found = append(found, state)
	}
	return found, errors.Join(failures...)
}

// FindLab returns the lab that a name means: "" is the only one that runs.
func (c *Client) FindLab(name string) (Lab, error) {
	store, err := lab.OpenStore()
	if err != nil {
		return Lab{}, err
	}
	if name, err = store.Find(name); err != nil {
		return Lab{}, err
	}
	return store.Read(name)
}

// ofLab does something with a lab that runs, alone; "" is the only one.
func (c *Client) ofLab(ctx context.Context, name string, out io.Writer, do func(*lab.Session) error) (Lab, error) {
	found, err := c.FindLab(name)
	if err != nil {
		return found, err
	}
	store, release, err := lockedLabs(found.Cluster)
	if err != nil {
		return found, err
	}
	defer release()
	if found, err = store.Read(found.Cluster); err != nil {
		return found, err
	}
	session, err := c.labSession(ctx, store, &found, out, 0)
	if err != nil {
		return found, err
	}
	err = do(session)
	return *session.State, err
}

// CheckLab runs the verify script of a step, 0 is the current one, and begins the next one when
// it passes. The lab is the only one if name is "". Out gets what foreground scripts print. That a
// step does not pass is no error.
func (c *Client) CheckLab(ctx context.Context, name string, step int, out io.Writer) (found LabCheck, state Lab, err error) {
	state, err = c.ofLab(ctx, name, out, func(s *lab.Session) (err error) {
		found, err = s.Check(ctx, step)
		return err
	})
	return found, state, err
}

// HintLab gives the next hint for the current step of a lab; "" is the only one.
func (c *Client) HintLab(ctx context.Context, name string) (given LabHint, err error) {
	_, err = c.ofLab(ctx, name, nil, func(s *lab.Session) (err error) {
		if given, err = s.Hint(); err == nil {
			given.Text = format.WithAddresses(given.Text, c.labAddresses(ctx, s))
		}
		return err
	})
	return given, err
}

// SolveLab runs the lab's own solution of the current step, and returns its number. Out gets what
// that prints. The lab is the only one if name is "".
func (c *Client) SolveLab(ctx context.Context, name string, out io.Writer) (step int, err error) {
	_, err = c.ofLab(ctx, name, out, func(s *lab.Session) (err error) {
		step, err = s.Solve(ctx)
		return err
	})
	return step, err
}

// ResetLab brings a lab back to the beginning of a step, 0 is the current one, and returns its
// number. What was changed in the cluster since is lost. The lab is the only one if name is "".
func (c *Client) ResetLab(ctx context.Context, name string, step int, out io.Writer) (number int, err error) {
	_, err = c.ofLab(ctx, name, out, func(s *lab.Session) (err error) {
		number, err = s.Reset(ctx, step)
		return err
	})
	return number, err
}

// EndLab removes a lab with its cluster and its snapshots. The lab is the only one if name is "".
// Kubeconfig is that of DownOptions.
func (c *Client) EndLab(ctx context.Context, name, kubeconfig string) (ended string, err error) {
	store, err := lab.OpenStore()
	if err != nil {
		return "", err
	}
	if name, err = store.Find(name); err != nil {
		return "", err
	}
	store, release, err := lockedLabs(name)
	if err != nil {
		return name, err
	}
	defer release()
	return name, c.endLab(ctx, store, name, kubeconfig)
}

func (c *Client) endLab(ctx context.Context, store lab.Store, name, kubeconfig string) error {
	if err := c.removeLab(ctx, name, kubeconfig); err != nil {
		return err
	}
	return store.Remove(name)
}

// removeLab removes the cluster of a lab, and what the lab has saved of it.
func (c *Client) removeLab(ctx context.Context, name, kubeconfig string) error {
	saved, _ := c.Snapshots(name) // those that can be read
	var failures []error
	for _, one := range saved {
		if lab.IsSnapshot(one.Name) {
			failures = append(failures, c.RemoveSnapshot(ctx, name, one.Name))
		}
	}
	_, err := c.Down(ctx, DownOptions{Name: name, Kubeconfig: kubeconfig})
	return errors.Join(append(failures, err)...)
}

// LabPage is a page of a lab, for people.
type LabPage struct {
	// Step is its number, from 1, of Steps; 0 is the intro, or the finish.
	Step, Steps int
	Title       string
	// Text is Markdown with addresses in place of {{TRAFFIC_HOST1_80}}.
	Text string
	// Points are what the step is worth.
	Points int
}

// LabIntro returns the intro of a lab, whose Text is "" if it has none.
func (c *Client) LabIntro(ctx context.Context, name string) (page LabPage, err error) {
	err = c.showLab(ctx, name, func(s *lab.Session) error {
		if s.Lab.Intro == nil {
			return nil
		}
		page, err = c.labPage(ctx, s, *s.Lab.Intro, 0)
		return err
	})
	return page, err
}

// LabStep returns a step of a lab; 0 is the current one, or the finish of a lab that is passed.
func (c *Client) LabStep(ctx context.Context, name string, step int) (page LabPage, err error) {
	err = c.showLab(ctx, name, func(s *lab.Session) error {
		found, number, err := s.PageOf(step)
		if err == nil {
			page, err = c.labPage(ctx, s, found, number)
		}
		return err
	})
	return page, err
}

// showLab opens a lab to look at it.
func (c *Client) showLab(ctx context.Context, name string, do func(*lab.Session) error) error {
	found, err := c.FindLab(name)
	if err != nil {
		return err
	}
	store, err := lab.OpenStore()
	if err != nil {
		return err
	}
	session, err := c.labSession(ctx, store, &found, nil, 0)
	if err != nil {
		return err
	}
	return do(session)
}

func (c *Client) labPage(ctx context.Context, s *lab.Session, page format.Page, number int) (LabPage, error) {
	shown := LabPage{Step: number, Steps: len(s.Lab.Steps), Title: page.Title.In(s.State.Language), Points: page.Points}
	if page.Text == "" {
		return shown, nil
	}
	text, err := s.Lab.Read(s.State.Language, page.Text)
	if err != nil {
		return shown, hint.LabInvalid.Wrap(err, "a text of the lab is gone", "begin the lab again")
	}
	shown.Text = format.WithAddresses(text, c.labAddresses(ctx, s))
	return shown, nil
}

// labAddresses says where learners reach ports of a lab's hosts.
func (c *Client) labAddresses(ctx context.Context, s *lab.Session) func(format.Port) string {
	published := map[format.Port]string{}
	needs, _ := format.Examine(s.Lab)
	for _, port := range needs.Ports {
		if port.Host > len(s.Hosts) {
			continue
		}
		node, is := s.Hosts[port.Host-1].Node.(*provider.Node)
		if !is {
			continue
		}
		if at, is, err := node.Published(ctx, port.Number); err == nil && is {
			published[port] = at.String()
		}
	}
	return s.AddressOf(published)
}

// LabTerminal is where an interactive command in a lab gets its input from and prints to.
type LabTerminal = provider.Terminal

// TerminalSize is that of a LabTerminal, in characters.
type TerminalSize = provider.Size

// AttachLab runs a command on a host of a lab, "" is the control plane, on a terminal of its own
// if terminal has sizes, and returns its exit code. Without a command it is a shell, which ends
// with its input. The lab is the only one if name is "".
func (c *Client) AttachLab(ctx context.Context, name, host string, terminal LabTerminal, command ...string) (code int, err error) {
	err = c.showLab(ctx, name, func(s *lab.Session) error {
		if err := s.Prepare(ctx); err != nil {
			return err
		}
		at := slices.IndexFunc(s.Hosts, func(h hosts.Host) bool { return h.Name == cmp.Or(host, format.ControlPlane) })
		if at < 0 {
			var names []string
			for _, one := range s.Hosts {
				names = append(names, one.Name)
			}
			return hint.NodeUnknown.New(fmt.Sprintf("the lab has no host %q%s", host, hint.Nearest(host, names)), "it has: "+strings.Join(names, ", "))
		}
		node, is := s.Hosts[at].Node.(*provider.Node)
		if !is {
			return errors.New("the host is no node")
		}
		words := []string{"env", "--chdir=/root", "bash", "-l"}
		if len(command) > 0 {
			words = append(words, "-c", `"$@"`, "bash")
			words = append(words, command...)
		}
		environment := []string{"HOME=/root", "USER=root", "LANG=C.UTF-8"}
		if terminal.Sizes == nil {
			code, err = node.Stream(ctx, terminal.In, terminal.Out, append(append([]string{"env"}, environment...), words...)...)
			return err
		}
		code, err = node.Attach(ctx, terminal, append(environment, "TERM="+cmp.Or(os.Getenv("TERM"), "xterm")), words...)
		return err
	})
	return code, err
}
