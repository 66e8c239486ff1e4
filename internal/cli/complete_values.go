package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/fidelity"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/internal/lab/format"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/releases"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

// sources are what completion asks of the host. They say nothing when they
// cannot say it soon.
type sources struct {
	clusters, contexts, images, snapshots func() []string
}

// values returns what a flag takes.
func (k completer) values(p place, flag cli.Flag, word string) answer {
	switch flag.Names()[0] {
	case "name", "reuse":
		return plain(k.sources.clusters())
	case "to":
		return plain(k.sources.snapshots())
	case "from":
		found := plain(k.sources.snapshots())
		found.files = true
		return found
	case "context":
		return plain(k.sources.contexts())
	case "backend":
		return plain(format.ImageIDs)
	case "cni":
		if p.command.Name == "build" || p.command.Name == "ls" {
			return plain(append(addons.Names(), "all"))
		}
		return plain(clusters.CNIs())
	case "profile":
		return plain(clusters.Profiles())
	case "proxy-mode":
		return plain(clusters.ProxyModes)
	case "etcd":
		return plain(clusters.EtcdPlaces)
	case "role":
		return plain([]string{clusters.Worker, clusters.ControlPlane})
	case "kubernetes-version":
		return plain(releases.Supported)
	case "ip-family":
		return plain(clusters.IPFamilies)
	case "fidelity":
		return plain(fidelity.Modes)
	case "images":
		var modes []string
		for _, mode := range images.Modes() {
			modes = append(modes, string(mode))
		}
		return plain(modes)
	case "progress":
		return plain(progressForms)
	case "output":
		return plain(formatsOf(flag))
	case "only", "skip":
		if p.command.Name == "break" {
			return listed(incidentNames(), word)
		}
		return listed(checkNames(), word)
	case "level":
		return listed(plain(levelNames()).candidates, word)
	case "nodes":
		return listed(plain([]string{clusters.ControlPlane, clusters.Worker}).candidates, word)
	case "report":
		return reportValues(word)
	case ignoreFlag:
		return listed(plain([]string{"disk", "mounts", "state", "ports", "port", "limits", host.IgnoreAll}).candidates, word)
	}
	file, is := flag.(*cli.StringFlag)
	return answer{files: is && file.TakesFile}
}

// arguments returns what may stand behind a command that has no commands of its own.
func (k completer) arguments(command *cli.Command) answer {
	switch command.Name {
	case "completion":
		return plain(shells())
	case "help":
		return commandsOf(k.app.Commands)
	case "accept":
		return plain(kindctl.DifferingChecks())
	case "load":
		found := plain(k.sources.images())
		found.files = true
		return found
	}
	if strings.HasPrefix(command.ArgsUsage, "SNAPSHOT") {
		return plain(k.sources.snapshots())
	}
	return answer{files: command.ArgsUsage != "" && command.ArgsUsage != newSnapshot && command.ArgsUsage != newReference}
}

// plain are words that need no explanation.
func plain(words []string) (found answer) {
	for _, word := range words {
		found.candidates = append(found.candidates, candidate{word: word})
	}
	return found
}

// listed completes the last element of a list with commas.
func listed(elements []candidate, word string) answer {
	before := word[:strings.LastIndex(word, ",")+1]
	chosen := strings.Split(before, ",")
	found := answer{}
	for _, element := range elements {
		if !slices.Contains(chosen, element.word) {
			found.candidates = append(found.candidates, candidate{before + element.word, element.says})
		}
	}
	return found
}

// checkNames are the groups and the IDs of all checks.
func checkNames() (names []candidate) {
	for _, check := range kindctl.Checks(addons.Names()...) {
		if group := (candidate{check.Group, "every check of this group"}); !slices.Contains(names, group) {
			names = append(names, group)
		}
		names = append(names, candidate{check.ID, check.Title})
	}
	return names
}

// reportValues completes FORMAT=FILE.
func reportValues(word string) (found answer) {
	last := word[strings.LastIndex(word, ",")+1:]
	if strings.Contains(last, "=") {
		return answer{files: true}
	}
	for _, format := range reportFormats {
		found.candidates = append(found.candidates, candidate{strings.TrimSuffix(word, last) + format + "=", ""})
	}
	return found
}

// completionPatience is how long a person waits for a completion without
// noticing that it takes time.
const completionPatience = 2 * time.Second

// theirs asks Docker and the kubeconfig.
func theirs(ctx context.Context) sources {
	docker := &provider.Connection{} // which ends with the process, too
	return sources{
		clusters: soon(func() []string { return clustersOf(ctx, docker) }),
		contexts: soon(func() []string {
			config, err := clientcmd.NewDefaultClientConfigLoadingRules().Load()
			if err != nil {
				return nil
			}
			var names []string
			for name := range config.Contexts {
				names = append(names, name)
			}
			slices.Sort(names)
			return names
		}),
		images:    soon(func() []string { return imagesOf(ctx, docker) }),
		snapshots: soon(snapshotsKnown),
	}
}

// soon gives a question up that takes too long; it ends with the process.
func soon(ask func() []string) func() []string {
	return func() []string {
		told := make(chan []string, 1)
		go func() { told <- ask() }()
		select {
		case names := <-told:
			return names
		case <-time.After(completionPatience):
			return nil
		}
	}
}

// snapshotsKnown lists the names of the user's snapshots, of whatever cluster.
func snapshotsKnown() (names []string) {
	found, _ := kindctl.New(kindctl.Options{}).Snapshots("") // those that can be read
	for _, one := range found {
		names = append(names, one.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// clustersOf lists the names of the clusters that Docker has.
func clustersOf(ctx context.Context, connection *provider.Connection) (names []string) {
	docker, err := connection.Open(ctx)
	if err != nil {
		return nil
	}
	names, _ = docker.Clusters(ctx)
	return names
}

// imagesOf lists the names of the images that Docker has.
func imagesOf(ctx context.Context, connection *provider.Connection) (names []string) {
	docker, err := connection.Open(ctx)
	if err != nil {
		return nil
	}
	names, _ = images.NewEngine(docker.Client()).Names(ctx)
	return names
}

// incidentNames are the IDs of incidents, with their level and subject.
func incidentNames() (found []candidate) {
	for _, i := range kindctl.AllIncidents() {
		found = append(found, candidate{i.ID, string(i.Level) + ", " + i.Subject})
	}
	return found
}
