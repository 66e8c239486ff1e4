package provider

import (
	"fmt"
	"strings"
	"time"

	"sigs.k8s.io/kind/pkg/log"

	"github.com/kindctl/kindctl/pkg/event"
)

// logger turns kind's steps into progress messages, and what it warns of into
// warnings. kind's own debug levels are off.
type logger struct {
	span *event.Span
	sink event.Sink
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

// Info reports the beginning of a step, and its end, which kind marks with a tick
// or a cross.
func (l logger) Info(message string) {
	text := strings.TrimSpace(message)
	if step, begins := strings.CutPrefix(text, "•"); begins {
		text = strings.TrimSuffix(strings.TrimSpace(step), "...")
		l.step(event.Started, text)
	} else if over, ticked := strings.CutPrefix(text, "✓"); ticked {
		l.step(event.Done, over)
		return
	} else if over, crossed := strings.CutPrefix(text, "✗"); crossed {
		l.step(event.Failed, over)
		return
	} else if strings.HasPrefix(text, "Creating cluster") {
		return
	}
	l.span.Progress(strings.TrimSpace(text), 0, 0)
}

func (l logger) V(level log.Level) log.InfoLogger {
	if level > 0 {
		return log.NoopInfoLogger{}
	}
	return l
}
