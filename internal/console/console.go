// Package console writes events and errors as lines of text for people.
package console

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
// few seconds. It suits logs.
type Console struct {
	mu    sync.Mutex
	out   io.Writer
	style Style
	// endsOnly leaves out the lines that announce a beginning, and what is skipped.
	endsOnly bool
	said     map[string]progressLine
}

// progressLine is what was last printed of a subject's progress.
type progressLine struct {
	message string
	at      time.Time
}

// sayEvery is the pause between two lines on the progress of one subject.
const sayEvery = 5 * time.Second

// New returns a Console that writes to out.
func New(out io.Writer, style Style) *Console {
	return &Console{out: out, style: style, said: map[string]progressLine{}}
}

// NewEndsOnly returns a Console that says what has ended, and not what begins or is skipped.
func NewEndsOnly(out io.Writer, style Style) *Console {
	c := New(out, style)
	c.endsOnly = true
	return c
}

// Emit prints what the event means for a reader, if anything.
func (c *Console) Emit(e event.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if line := c.line(e); line != "" {
		fmt.Fprintln(c.out, line)
	}
}

// Line returns what Emit would print, "" for nothing.
func (c *Console) Line(e event.Event) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.line(e)
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
		if c.endsOnly || e.Scope == event.Check {
			return ""
		}
		return "• " + subject + c.style.Paint(Faint, about(e.Estimate))
	case event.Progress:
		return c.progress(e)
	case event.Done:
		if e.Scope == event.Check {
			return ""
		}
		return c.style.Paint(Green, "✓ ") + subject + detail(e.Message) + c.style.Paint(Faint, Took(e.Elapsed))
	case event.Skipped:
		if e.Scope == event.Check || c.endsOnly {
			return ""
		}
		return c.style.Paint(Faint, "- "+subject+detail(e.Message))
	case event.Failed:
		mark := e.Outcome
		if mark == "" {
			mark = "✗"
		}
		line := c.style.Paint(Red, mark+" ") + subject
		if e.Scope == event.Phase { // its error ends the command, which has cause and hint
			return line + c.style.Paint(Faint, Took(e.Elapsed))
		}
		return line + detail(e.Message) + c.style.Paint(Faint, Took(e.Elapsed)) + c.hint(e.Hint)
	case event.Warning:
		return c.style.Paint(Yellow, "! ") + e.Message + c.hint(e.Hint)
	case event.Note:
		return e.Message
	}
	return ""
}

// progress prints a new message, or a new share of the whole, now and then.
func (c *Console) progress(e event.Event) string {
	message := Share(e)
	last := c.said[e.ID]
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	if message == "" || message == last.message || e.Time.Sub(last.at) < sayEvery {
		return ""
	}
	c.said[e.ID] = progressLine{message, e.Time}
	return c.style.Paint(Faint, "  "+e.ID+": "+message)
}

func (c *Console) hint(text string) string {
	if text == "" {
		return ""
	}
	return "\n    " + c.style.Paint(Bold, "hint: ") + strings.ReplaceAll(text, "\n", "\n    ")
}

// Share is the message of a progress event, with how far it is.
func Share(e event.Event) string {
	text := FirstLine(e.Message)
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

// FirstLine is the text up to the first line break.
func FirstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// Took is a phrase for a duration, empty for one that no one notices.
func Took(d time.Duration) string {
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
