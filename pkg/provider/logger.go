package provider

import (
	"fmt"
	"strings"

	"sigs.k8s.io/kind/pkg/log"

	"github.com/kindctl/kindctl/pkg/event"
)

// logger turns kind's log into progress messages. kind's own debug levels are
// off: its errors carry the output of the command that failed.
type logger struct {
	span *event.Span
}

func (l logger) Warn(message string)            { l.Info(message) }
func (l logger) Warnf(format string, a ...any)  { l.Infof(format, a...) }
func (l logger) Error(message string)           { l.Info(message) }
func (l logger) Errorf(format string, a ...any) { l.Infof(format, a...) }
func (l logger) Infof(format string, a ...any)  { l.Info(fmt.Sprintf(format, a...)) }
func (l logger) Enabled() bool                  { return true }

// Info reports the beginning of a step; kind marks its end with a tick, which
// the next step's beginning says as well.
func (l logger) Info(message string) {
	text := strings.TrimSpace(message)
	if step, begins := strings.CutPrefix(text, "•"); begins {
		text = strings.TrimSuffix(strings.TrimSpace(step), "...")
	} else if strings.HasPrefix(text, "✓") || strings.HasPrefix(text, "Creating cluster") {
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
