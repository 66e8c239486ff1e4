package host

import (
	"fmt"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/system"
	"k8s.io/apimachinery/pkg/util/version"
)

// oldestDocker is the oldest version with which clusters are made in tests, and
// the first that knows cgroup v2.
const oldestDocker = "20.10.0"

// engine looks at Docker itself.
func (f Facts) engine(Needs) []Finding {
	if f.DockerError != nil {
		return []Finding{Broken("docker", f.DockerError)}
	}
	if f.DockerVersion == "" {
		return f.unknown("docker", "Docker's version")
	}
	finding := Finding{ID: "docker", State: OK, Observed: fmt.Sprintf("Docker %s answers, on %s", f.DockerVersion, f.Architecture)}
	if v, err := version.ParseGeneric(f.DockerVersion); err == nil && v.LessThan(version.MustParseGeneric(oldestDocker)) {
		finding.State, finding.Effect = Warning, "clusters are tested with "+oldestDocker+" and newer"
		finding.Fix = "install a newer Docker: https://docs.docker.com/engine/install/"
	}
	return []Finding{finding}
}

// cgroup looks at the version, and at what containers can be given of it.
func (f Facts) cgroup(Needs) []Finding {
	if f.DockerVersion == "" {
		return f.unknown("cgroup", "the cgroup version")
	}
	finding := Finding{ID: "cgroup", State: OK, Observed: "cgroup v2"}
	if f.CgroupV1 {
		finding.Observed, finding.Effect = "cgroup v1", "kubelets are configured to accept it; Kubernetes is going to drop it"
		finding.Fix = "to have cgroup v2, boot with systemd.unified_cgroup_hierarchy=1"
	}
	missing := strings.Join(f.MissingControllers, ", ")
	switch {
	case f.Rootless && f.CgroupV1:
		finding.Observed, finding.State, finding.Effect = "Docker is rootless, on cgroup v1", Fatal, "kind makes nodes in rootless Docker on cgroup v2 only"
		finding.Fix = "use Docker as root, or boot with systemd.unified_cgroup_hierarchy=1"
	case f.Rootless && missing != "":
		finding.Observed, finding.State, finding.Effect = "Docker is rootless and may not use the cgroup controllers "+missing, Fatal, "kubelets do not start without them"
		finding.Fix = "delegate them (Delegate=yes): https://kind.sigs.k8s.io/docs/user/rootless/"
	case missing != "":
		finding.Observed, finding.State, finding.Effect = finding.Observed+" without the controllers "+missing, Warning, "kubelets may not start, and pods have no limits"
		finding.Fix = "enable them in the kernel's command line, such as cgroup_enable=memory, and boot again"
	}
	return []Finding{finding}
}

func rootless(options []string) bool {
	return slices.ContainsFunc(options, func(option string) bool { return slices.Contains(strings.Split(option, ","), "name=rootless") })
}

// missingControllers are those that Docker cannot use, of the controllers which
// kind insists on in rootless Docker (kind v0.33.0, validateProvider).
func missingControllers(info system.Info) (missing []string) {
	for _, controller := range []struct {
		name  string
		there bool
	}{{"memory", info.MemoryLimit}, {"cpu", info.CPUShares}, {"pids", info.PidsLimit}} {
		if !controller.there || info.CgroupDriver == "none" { // then Docker's answers mean nothing
			missing = append(missing, controller.name)
		}
	}
	return missing
}
