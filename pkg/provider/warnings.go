package provider

import (
	"fmt"
	"strings"
	"time"

	"sigs.k8s.io/kind/pkg/log"

	"github.com/kindctl/kindctl/pkg/event"
)

// warnings passes on what kind warns of, and nothing else that it says.
type warnings struct {
	log.NoopLogger
	sink event.Sink
}

// known are the beginnings of warnings that say nothing new: that cgroup v1 is old, which
// is in the facts about the host, and that the network is not kind's own.
var known = []string{"cgroup v1 is deprecated", "WARNING: Overriding docker network", "WARNING: Here be dragons!"}

// Warn passes a warning on.
func (w warnings) Warn(message string) {
	for _, beginning := range known {
		if strings.HasPrefix(message, beginning) {
			return
		}
	}
	w.sink.Emit(event.Event{Time: time.Now(), Kind: event.Warning, Scope: event.Phase, ID: "create", Message: strings.TrimSpace(message)})
}

// Warnf passes a warning on.
func (w warnings) Warnf(format string, a ...any) { w.Warn(fmt.Sprintf(format, a...)) }

// Error passes an error on, which kind also returns or can do without.
func (w warnings) Error(message string) { w.Warn(message) }

// Errorf passes an error on.
func (w warnings) Errorf(format string, a ...any) { w.Warnf(format, a...) }
