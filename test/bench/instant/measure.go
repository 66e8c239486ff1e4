package instant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/test/bench/lab"
)

// Options say what is measured.
type Options struct {
	CNIs, ProxyModes []string
	// Nodes is how many each cluster has: a control plane and workers.
	Nodes int
	// Takes is how many clusters are taken in each case, one after the other.
	Takes int
	// Rounds is how often the other commands are run with each CNI, in the first of the proxy
	// modes; 0 leaves them out.
	Rounds int
	// Images are the node images, by CNI.
	Images map[string]string
	// Frozen is for how long a frozen cluster is observed.
	Frozen time.Duration
	Lab    *lab.Lab
	// Program is the kindctl that is measured, and Dir a directory for its files.
	Program, Dir string
	Sink         event.Sink
}

// Cluster is the name of the cluster beside the pool.
var Cluster = lab.Cluster("instant")

// snapshotName is that of the cluster's snapshot.
const snapshotName = "bench"

// TakesFailed is the reason of the error that says how much has failed; the rest is whole.
const TakesFailed = "INSTANT_FAILED"

// Measure measures every case. What it has seen is returned with an error as well. Nothing of it
// is left in Docker.
func Measure(ctx context.Context, o Options) (*Result, error) {
	result := &Result{SchemaVersion: SchemaVersion, Started: time.Now(), Machine: o.Lab.Machine, Nodes: o.Nodes}
	for _, cni := range o.CNIs {
		for i, mode := range o.ProxyModes {
			c := &Case{CNI: cni, ProxyMode: mode}
			result.Cases = append(result.Cases, c)
			m := &measuring{o: o, Case: c, kindctl: o.Lab.Kindctl(o.Program, o.Dir)}
			err := m.pool(ctx)
			if err == nil && i == 0 {
				err = m.commands(ctx)
			}
			if err = errors.Join(err, m.clear(ctx)); err != nil {
				return result, err
			}
		}
	}
	if failures := result.Failures(); len(failures) > 0 {
		return result, hint.New(hint.Creation, TakesFailed, fmt.Sprintf("%d commands failed or left a cluster that does not pass every check:\n%s",
			len(failures), strings.Join(failures, "\n")), "run them by hand and look")
	}
	return result, nil
}

// measuring is a case under way.
type measuring struct {
	*Case

	o       Options
	kindctl lab.Kindctl
	taken   string // from the pool, and not removed yet
}

// topology are the flags for the clusters.
func (m *measuring) topology() []string {
	return []string{"--cni", m.CNI, "--proxy-mode", m.ProxyMode, "--control-planes", "1", "--workers", strconv.Itoa(m.o.Nodes - 1), "--images", "local",
		"--image", m.o.Images[m.CNI]}
}

// pool takes clusters from a pool of one.
func (m *measuring) pool(ctx context.Context) error {
	err := m.step("pool set", func(say func(string)) (string, error) {
		return "", m.kindctl.Run(ctx, say, append([]string{"pool", "set", "--size", "1"}, m.topology()...)...)
	})
	if err != nil {
		return err
	}
	if err := m.step(fmt.Sprintf("frozen for %v", m.o.Frozen), func(func(string)) (string, error) { return m.observe(ctx) }); err != nil {
		return err
	}
	for i := range m.o.Takes {
		if i > 0 {
			if err := m.step("pool fill", func(say func(string)) (string, error) { return "", m.kindctl.Run(ctx, say, "pool", "fill") }); err != nil {
				return err
			}
		}
		err := m.step(fmt.Sprintf("take %d of %d", i+1, m.o.Takes), func(say func(string)) (string, error) { return m.take(ctx, say) })
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil && i == 0 { // then none will do
			return err
		}
	}
	return m.kindctl.Run(ctx, ignore, "pool", "drain")
}

// listed is as much as is needed of "pool ls -o json".
type listed struct {
	Clusters []struct {
		Name        string `json:"name"`
		State       string `json:"state"`
		Nodes       int    `json:"nodes"`
		MemoryBytes int64  `json:"memoryBytes"`
	} `json:"clusters"`
}

func (m *measuring) list(ctx context.Context) (found listed, err error) {
	text, err := m.kindctl.Output(ctx, "pool", "ls", "-o", "json")
	if err == nil {
		err = json.Unmarshal([]byte(text), &found)
	}
	if err == nil && (len(found.Clusters) != 1 || found.Clusters[0].State != "ready") {
		err = fmt.Errorf("the pool is to have one cluster that is ready, and has %+v", found.Clusters)
	}
	return found, err
}

// observe measures what the frozen cluster takes.
func (m *measuring) observe(ctx context.Context) (string, error) {
	found, err := m.list(ctx)
	if err != nil {
		return "", err
	}
	one := found.Clusters[0]
	before, err := m.o.Lab.NodesCPU(ctx, one.Name)
	if err != nil {
		return "", err
	}
	started := time.Now()
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case <-time.After(m.o.Frozen):
	}
	after, err := m.o.Lab.NodesCPU(ctx, one.Name)
	m.Frozen = &Frozen{CPUPerMinute: (after - before) / time.Since(started).Minutes(), Nodes: one.Nodes, MemoryBytes: one.MemoryBytes}
	return fmt.Sprintf("%.2f CPU-s per minute", m.Frozen.CPUPerMinute), err
}

// take takes the cluster, runs every check on it and removes it.
func (m *measuring) take(ctx context.Context, say func(string)) (message string, err error) {
	take := Take{}
	defer func() {
		if err != nil {
			take.Error = err.Error()
		}
		if ctx.Err() == nil {
			m.Takes = append(m.Takes, take)
		}
	}()
	found, err := m.list(ctx)
	if err != nil {
		return "", err
	}
	m.taken = found.Clusters[0].Name
	if take.Spent, err = m.kindctl.Measure(ctx, m.taken, say, "up", "--pool", "--no-fill"); err != nil {
		return "", err
	}
	err = m.kindctl.Run(ctx, say, "verify", "-n", m.taken)
	take.Verified = err == nil
	return fmt.Sprintf("%.1f s, %.1f CPU-s", take.Seconds, take.CPU.Total()), errors.Join(err, m.kindctl.Run(ctx, say, "down", "-n", m.taken))
}

// commands runs the other commands that end with a verified cluster, each beside the others in
// every round.
func (m *measuring) commands(ctx context.Context) error {
	file := filepath.Join(m.o.Dir, "snapshot.tar")
	name := []string{"-n", Cluster}
	up := append(append([]string{"up"}, m.topology()...), name...)
	for round := range m.o.Rounds {
		for _, step := range []struct {
			measured string // the name of the command; "" is not measured
			words    []string
		}{
			{"up", up},
			{"", append([]string{"snapshot", "save", snapshotName, "--replace"}, name...)},
			{"", append([]string{"snapshot", "export", snapshotName, file}, name...)},
			{"reset", append([]string{"reset", "--to", snapshotName}, name...)},
			{"", append([]string{"stop"}, name...)},
			{"start", append([]string{"start"}, name...)},
			{"", append([]string{"down"}, name...)},
			{"up --from", append([]string{"up", "--from", file}, name...)},
			{"", append([]string{"down"}, name...)},
		} {
			title := fmt.Sprintf("%s, round %d of %d", strings.Join(step.words[:2], " "), round+1, m.o.Rounds)
			err := m.step(title, func(say func(string)) (string, error) {
				spent, err := m.kindctl.Measure(ctx, Cluster, say, step.words...)
				if step.measured != "" && ctx.Err() == nil {
					m.count(step.measured, spent, err)
				}
				return fmt.Sprintf("%.1f s, %.1f CPU-s", spent.Seconds, spent.CPU.Total()), err
			})
			if err != nil { // the next command would find no cluster
				return err
			}
			if step.words[0] == "snapshot" && step.words[1] == "export" {
				info, err := os.Stat(file)
				if err != nil {
					return err
				}
				m.ArchiveBytes = info.Size()
				defer os.Remove(file)
			}
		}
	}
	return nil
}

func (m *measuring) count(name string, spent lab.Spent, err error) {
	run := Run{Spent: spent}
	if err != nil {
		run.Error = err.Error()
	}
	for i := range m.Commands {
		if command := &m.Commands[i]; command.Name == name {
			command.Runs = append(command.Runs, run)
			return
		}
	}
	m.Commands = append(m.Commands, Command{Name: name, Runs: []Run{run}})
}

// step reports something that is done.
func (m *measuring) step(title string, do func(say func(string)) (string, error)) error {
	span := event.Start(m.o.Sink, event.Event{Scope: event.Phase, ID: "instant", Title: m.Title() + ": " + title})
	message, err := do(func(text string) { span.Progress(text, 0, 0) })
	if err != nil {
		span.Failed(err.Error(), hint.AdviceOf(err))
		return err
	}
	span.Done(message)
	return nil
}

// removal bounds the end, also when the context has ended.
const removal = 5 * time.Minute

// clear removes what a case that failed or was interrupted has left.
func (m *measuring) clear(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removal)
	defer cancel()
	err := m.kindctl.Run(ctx, ignore, "pool", "drain")
	if text, failure := m.kindctl.Output(ctx, "get", "clusters", "-o", "name"); failure == nil {
		for name := range strings.FieldsSeq(text) {
			if name == Cluster || name == m.taken {
				err = errors.Join(err, m.kindctl.Run(ctx, ignore, "down", "-n", name))
			}
		}
	}
	return err
}

func ignore(string) {}
