package provider

import (
	"fmt"
	"strings"
	"time"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/kind/pkg/log"

	"github.com/kindctl/kindctl/pkg/event"
)

// logger turns kind's steps into progress messages, and what it warns of into
// warnings. kind's own debug levels are off.
type logger struct {
	steps Steps
	sink  event.Sink
	// after is what to do when a step has gone well, by how the step begins. kind
	// goes on when it is done.
	after map[string]func()
}

// Steps is told of each step as it begins.
type Steps interface {
	Progress(message string, completed, total int64)
}

// kind's steps (kind v0.33.0, pkg/cluster/internal/create/actions).
const (
	preparation       = "Preparing nodes"
	firstControlPlane = "Starting control-plane"
	moreControlPlanes = "Joining more control-plane nodes"
)

// afterSteps places Prepared, Started and Live. Where more control planes come, etcd takes
// them for members first, and may be without a leader meanwhile.
func (p *Provider) afterSteps(config *v1alpha4.Cluster) map[string]func() {
	planes := 0
	for _, node := range config.Nodes {
		if node.Role == v1alpha4.ControlPlaneRole {
			planes++
		}
	}
	call := func(f func()) {
		if f != nil {
			f()
		}
	}
	prepared := func() { call(p.Prepared) }
	if planes > 1 {
		return map[string]func(){preparation: prepared, firstControlPlane: func() { call(p.Started) }, moreControlPlanes: func() { call(p.Live) }}
	}
	return map[string]func(){preparation: prepared, firstControlPlane: func() { call(p.Live); call(p.Started) }}
}

// Warn passes a warning on, but not that cgroup v1 is old, which everybody on
// such a host would be told at every turn; it is in the facts about the host.
func (l logger) Warn(message string) {
	if !strings.HasPrefix(message, "cgroup v1 is deprecated") {
		l.sink.Emit(event.Event{Time: time.Now(), Kind: event.Warning, Scope: event.Phase, ID: "create", Message: strings.TrimSpace(message)})
	}
}

func (l logger) Warnf(format string, a ...any)  { l.Warn(fmt.Sprintf(format, a...)) }
func (l logger) Error(message string)           { l.Warn(message) }
func (l logger) Errorf(format string, a ...any) { l.Warnf(format, a...) }
func (l logger) Infof(format string, a ...any)  { l.Info(fmt.Sprintf(format, a...)) }
func (l logger) Enabled() bool                  { return true }

// Info reports the beginning of a step. kind marks its end with a tick or a
// cross.
func (l logger) Info(message string) {
	text := strings.TrimSpace(message)
	if step, begins := strings.CutPrefix(text, "•"); begins {
		text = strings.TrimSuffix(strings.TrimSpace(step), "...")
		l.step(event.Started, text)
	} else if over, ticked := strings.CutPrefix(text, "✓"); ticked {
		l.step(event.Done, over)
		for step, then := range l.after {
			if strings.HasPrefix(strings.TrimSpace(over), step) {
				then()
			}
		}
		return
	} else if over, crossed := strings.CutPrefix(text, "✗"); crossed {
		l.step(event.Failed, over)
		return
	} else if strings.HasPrefix(text, "Creating cluster") {
		return
	}
	l.steps.Progress(strings.TrimSpace(text), 0, 0)
}

func (l logger) V(level log.Level) log.InfoLogger {
	if level > 0 {
		return log.NoopInfoLogger{}
	}
	return l
}
