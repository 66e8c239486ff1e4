package report

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/kindctl/kindctl/pkg/event"
)

// Console follows events with lines of text: one when a phase begins, one when
// it ends. Between them it says what a long phase is doing, at most once every
// few seconds. It suits logs; Live wraps it for terminals.
type Console struct {
	mu    sync.Mutex
	out   io.Writer
	style Style
	// quietStarts leaves out the lines that announce a beginning.
	quietStarts bool
	said        map[string]saying
	now         func() time.Time
}

// saying is what was last printed of a subject's progress.
type saying struct {
	message string
	at      time.Time
}

// sayEvery is the pause between two lines on the progress of one subject.
const sayEvery = 5 * time.Second

// NewConsole returns a Console that writes to out.
func NewConsole(out io.Writer, style Style) *Console {
	return &Console{out: out, style: style, said: map[string]saying{}, now: time.Now}
}

// Emit prints what the event means for a reader, if anything.
func (c *Console) Emit(e event.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if line := c.line(e); line != "" {
		fmt.Fprintln(c.out, line)
	}
}

func (c *Console) line(e event.Event) string {
	if e.Scope == event.Step { // the phase that waits for it says so
		return ""
	}
	subject := fmt.Sprintf("[%s] %s", e.ID, e.Title)
	if e.Title == e.ID || e.Title == "" {
		subject = e.ID
	}
	switch e.Kind {
	case event.Started:
		if c.quietStarts || e.Scope == event.Check {
			return ""
		}
		return "• " + subject + c.style.paint(faint, about(e.Estimate))
	case event.Progress:
		return c.progress(e)
	case event.Done:
		if e.Scope == event.Check {
			return ""
		}
		return c.style.paint(green, "✓ ") + subject + detail(e.Message) + c.style.paint(faint, took(e.Elapsed))
	case event.Skipped:
		if e.Scope == event.Check || c.quietStarts {
			return ""
		}
		return c.style.paint(faint, "- "+subject+detail(e.Message))
	case event.Failed:
		mark := e.Outcome
		if mark == "" {
			mark = "✗"
		}
		line := c.style.paint(red, mark+" ") + subject
		if e.Scope == event.Phase { // its error ends the command, which tells cause and hint
			return line + c.style.paint(faint, took(e.Elapsed))
		}
		return line + detail(e.Message) + c.style.paint(faint, took(e.Elapsed)) + c.hint(e.Hint)
	case event.Warning:
		return c.style.paint(yellow, "! ") + e.Message + c.hint(e.Hint)
	case event.Note:
		return e.Message
	}
	return ""
}

// progress prints a new message, or a new share of the whole, now and then.
func (c *Console) progress(e event.Event) string {
	message := share(e)
	last, now := c.said[e.ID], c.now()
	if message == "" || message == last.message || now.Sub(last.at) < sayEvery {
		return ""
	}
	c.said[e.ID] = saying{message, now}
	return c.style.paint(faint, "  "+e.ID+": "+message)
}

func (c *Console) hint(text string) string {
	if text == "" {
		return ""
	}
	return "\n    " + c.style.paint(bold, "hint: ") + strings.ReplaceAll(text, "\n", "\n    ")
}

// share is the message of a progress event, with how far it is.
func share(e event.Event) string {
	text := firstLine(e.Message)
	if e.Total > 0 {
		text = strings.TrimSpace(fmt.Sprintf("%s %d %%", text, 100*e.Completed/e.Total))
	}
	return text
}

func detail(message string) string {
	if message == "" {
		return ""
	}
	return ": " + strings.ReplaceAll(message, "\n", "\n    ")
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

func took(d time.Duration) string {
	if d < 100*time.Millisecond {
		return ""
	}
	return fmt.Sprintf(" (%s)", Round(d))
}

func about(d time.Duration) string {
	if d < 5*time.Second {
		return ""
	}
	return fmt.Sprintf(" (about %s)", Round(d))
}

// Round shortens a duration for people: 1.3s, 42s, 2m10s.
func Round(d time.Duration) time.Duration {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Second)
}
