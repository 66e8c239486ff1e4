package lab

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/test/bench/compare"
)

// Options say what a benchmark will need.
type Options struct {
	// Arms are the names of the arms.
	Arms  []string
	CNIs  []string
	Nodes []int
	// Mode says where node images may come from, and Image is the user's own, or "".
	Mode  images.Mode
	Image string
	// Force measures although other clusters run.
	Force bool
	// Version is kindctl's own.
	Version string
	Sink    event.Sink
}

// Open makes sure that the machine can do it, finds the node images, and takes the
// names of the clusters. It warns when the machine is busy.
func Open(ctx context.Context, o Options) (lab *Lab, err error) {
	l := &Lab{}
	defer func() {
		if err != nil {
			l.Close()
		}
	}()
	if l.program, err = os.Executable(); err != nil {
		return nil, err
	}
	docker, err := provider.Open(ctx)
	if err != nil {
		return nil, err
	}
	l.docker, l.close = docker, append(l.close, func() { docker.Close() })
	if l.Facts, err = host.Probe(ctx, docker.Client()); err != nil {
		return nil, err
	}
	if l.Facts.Local {
		l.system = os.DirFS("/")
	}
	// One benchmark at a time; the other arms claim their clusters themselves.
	release, err := runs.Lock(Cluster(o.Arms[0]))
	if err != nil {
		return nil, err
	}
	l.close = append(l.close, release)
	if err := l.vacant(ctx, o); err != nil {
		return nil, err
	}
	if l.Images, err = l.findImages(ctx, o); err != nil {
		return nil, err
	}
	l.Machine = l.describe(o.Version)
	if load := l.Machine.Load; load != nil && *load > calm {
		event.Warn(o.Sink, event.Phase, "bench", fmt.Sprintf("this machine is busy: its load is %.1f for each processor", *load),
			"what else runs is measured as well; stop it, or wait for it, and start over")
	}
	return l, nil
}

// calm is the load for each processor above which others disturb.
const calm = 0.5

func (l *Lab) describe(version string) compare.Machine {
	m := compare.Machine{
		Kindctl:      version,
		Docker:       l.Facts.DockerVersion,
		Architecture: l.Facts.Architecture,
		CPUs:         l.Facts.CPUs,
		MemoryBytes:  l.Facts.MachineMemoryBytes,
		Cgroup:       2,
	}
	if l.Facts.CgroupV1 {
		m.Cgroup = 1
	}
	if load, known := load(l.system); known && m.CPUs > 0 {
		each := load / float64(m.CPUs)
		m.Load = &each
	}
	return m
}

// vacant refuses to begin beside other clusters, which take processor time as long
// as they are there, and where a cluster has the name of one to be made.
func (l *Lab) vacant(ctx context.Context, o Options) error {
	there, err := l.docker.Inventories(ctx)
	if err != nil {
		return err
	}
	var own []string
	for _, arm := range o.Arms {
		own = append(own, Cluster(arm))
	}
	var running []string
	for _, cluster := range there {
		if slices.Contains(own, cluster.Cluster) {
			return hint.ClusterExists.New(fmt.Sprintf("there is a cluster %s, which is what the benchmark calls one of its own", cluster.Cluster),
				"if a benchmark that was killed has left it: kindctl down -n "+cluster.Cluster)
		}
		if slices.ContainsFunc(cluster.Nodes, (*provider.Node).Running) {
			running = append(running, cluster.Cluster)
		}
	}
	if len(running) > 0 && !o.Force {
		return hint.New(hint.Preflight, "MACHINE_BUSY", "other clusters run here and would be measured as well: "+strings.Join(running, ", "),
			"stop them for as long as it takes: kindctl stop -n "+running[0]+"; or measure with them running: --force")
	}
	return nil
}

// topology is the cluster that every arm makes: one control plane, and workers.
func topology(cni string, nodes int) (clusters.Topology, error) {
	t, err := clusters.Profile(clusters.DefaultProfile)
	t.Name, t.CNI, t.ControlPlanes, t.Workers = Cluster("kindctl"), cni, 1, nodes-1
	return t, err
}
