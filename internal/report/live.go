package report

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/pkg/event"
)

// Live is a console for a terminal: finished work scrolls up as lines, and the
// last line says what is under way, for how long, and how long it may take.
type Live struct {
	console  *console.Console
	progress *mpb.Progress
	spinner  *mpb.Bar

	mu      sync.Mutex
	current []running // the oldest first
}

// running is a subject between its beginning and its end.
type running struct {
	scope              event.Scope
	id, title, message string
	began              time.Time
	estimate           time.Duration
}

// NewLive returns a Live view on a terminal of the given width. Close ends it.
func NewLive(terminal io.Writer, width int, style console.Style) *Live {
	l := &Live{progress: mpb.New(mpb.WithOutput(terminal), mpb.WithAutoRefresh(), mpb.WithRefreshRate(120*time.Millisecond))}
	l.spinner = l.progress.New(0, mpb.SpinnerStyle(), mpb.BarWidth(1), mpb.BarRemoveOnComplete(),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return fit(l.status(), width-4) })))
	l.console = console.NewEndsOnly(l.progress, style)
	return l
}

// Emit follows one event.
func (l *Live) Emit(e event.Event) {
	l.follow(e)
	if e.Kind != event.Progress {
		l.console.Emit(e)
	}
}

func (l *Live) follow(e event.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := -1
	for i, r := range l.current {
		if r.scope == e.Scope && r.id == e.ID {
			at = i
		}
	}
	switch e.Kind {
	case event.Started:
		l.current = append(
			l.current,
			running{scope: e.Scope, id: e.ID, title: e.Title, message: console.FirstLine(e.Message), began: e.Time, estimate: e.Estimate},
		)
	case event.Progress:
		if at >= 0 {
			l.current[at].message = console.Share(e)
		}
	case event.Done, event.Failed, event.Skipped:
		if at >= 0 {
			l.current = append(l.current[:at], l.current[at+1:]...)
		}
	}
}

// status is the text of the last line: the oldest running subject with its
// detail, and the newest one beneath it.
func (l *Live) status() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.current) == 0 {
		return ""
	}
	first := l.current[0]
	text := fmt.Sprintf(" %s  %s", first.title, console.Round(time.Since(first.began)))
	if first.estimate > 0 {
		text += " of about " + console.Round(first.estimate).String()
	}
	if last := l.current[len(l.current)-1]; len(l.current) > 1 {
		text += "  " + strings.TrimSpace(last.title+" "+last.message)
	} else if first.message != "" {
		text += "  " + first.message
	}
	return text
}

// Close removes the last line and leaves the finished ones.
func (l *Live) Close() {
	l.spinner.Abort(true)
	l.progress.Wait()
}

// fit cuts text to a number of columns.
func fit(text string, columns int) string {
	runes := []rune(text)
	if columns < 1 || len(runes) <= columns {
		return text
	}
	return string(runes[:columns-1]) + "…"
}
