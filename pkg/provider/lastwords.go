package provider

import (
	"bytes"
	"context"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kind/pkg/cluster/constants"
)

// podLogs is where the kubelet has the logs of containers, also of those that have
// ended: NAMESPACE_POD_UID/CONTAINER/RESTART.log (Kubernetes v1.37,
// pkg/kubelet/kuberuntime/helpers.go).
const podLogs = "/var/log/pods"

// planeComponents are the static pods of a control plane, those first that others
// wait for.
var planeComponents = []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"}

// LastWords returns what components of a cluster's control planes printed last before
// they ended by themselves, a line for each: "kube-apiserver in lab-control-plane:
// unknown flag: --insecure-port". It is best effort, for an error that is there.
func (e *Engine) LastWords(ctx context.Context, cluster string) (words []string) {
	members, err := e.members(ctx, cluster)
	if err != nil {
		return nil
	}
	for _, m := range members {
		if m.role != constants.ControlPlaneNodeRoleValue && m.role != constants.ExternalEtcdNodeRoleValue {
			continue
		}
		logs, err := e.tree(ctx, m.id, podLogs)
		if err != nil {
			continue
		}
		for _, component := range planeComponents {
			if last := lastWords(component, logs); last != "" {
				words = append(words, component+" in "+m.name+": "+last)
			}
		}
	}
	return words
}

// freshLines are fewer than any component prints that has been at work for a while: a
// log as short as that may be of a process that is about to end like the one before.
const freshLines = 50

// lastWords is the complaint with which a component ended, "" when it has not.
func lastWords(component string, logs map[string]entry) string {
	runs := map[int][]byte{}
	for name, log := range logs {
		folder, file := path.Split(name)
		number, err := strconv.Atoi(strings.TrimSuffix(file, ".log"))
		if err == nil && path.Base(folder) == component && strings.HasPrefix(name, podLogs+"/kube-system_"+component+"-") {
			runs[number] = log.content
		}
	}
	numbers := slices.Sorted(maps.Keys(runs))
	for _, number := range slices.Backward(numbers) {
		if last := complaint(runs[number]); last != "" || bytes.Count(runs[number], []byte("\n")) >= freshLines {
			return last
		}
	}
	return ""
}

// The ways in which Kubernetes' components and etcd say why they end: cobra's and
// component-base's "Error:" and "command failed" (k8s.io/component-base/cli/run.go), a
// panic, klog's fatal lines and zap's.
var complaints = []*regexp.Regexp{
	regexp.MustCompile(`^Error: (.+)`),
	regexp.MustCompile(`"command failed" err=(.+)`),
	regexp.MustCompile(`^(?:F\d{4} .*?\] )(.+)`),
	regexp.MustCompile(`^panic: (.+)`),
	regexp.MustCompile(`"level":"fatal".*?"msg":"(.+?)"`),
	regexp.MustCompile(`^(error verifying flags.+|flag provided but not defined.+)`),
}

// wordsWidth bounds a complaint: some name every flag that there is.
const wordsWidth = 300

// complaint is the last line of a log that says why its process ended. Each line has
// a time, the stream and a tag in front, as container runtimes write them.
func complaint(log []byte) (last string) {
	for line := range strings.Lines(string(log)) {
		fields := strings.SplitN(strings.TrimRight(line, "\n"), " ", 4)
		if len(fields) < 4 || !readable(fields[3]) {
			continue
		}
		for _, pattern := range complaints {
			if found := pattern.FindStringSubmatch(fields[3]); found != nil {
				last = strings.Trim(found[1], `" `)
			}
		}
	}
	if runes := []rune(last); len(runes) > wordsWidth {
		last = string(runes[:wordsWidth]) + "..."
	}
	return last
}
