package timeline

import (
	"cmp"
	"strings"
	"time"
	"unicode"

	"github.com/kindctl/kindctl/pkg/event"
)

// createPhase is the one in which kind's steps are, as progress.
const createPhase = "create"

// Concerns tells whether Spans makes anything of an event, so that the others,
// of which a long image build has thousands, need not be kept.
func Concerns(e event.Event) bool {
	switch e.Kind {
	case event.Started, event.Done, event.Failed, event.Skipped:
		return e.Scope == event.Phase || e.Scope == event.Check
	}
	return e.Kind == event.Progress && e.Scope == event.Phase && e.ID == createPhase
}

// Spans makes spans of the phases and checks among events, in their order of
// arrival, and of kind's steps. What has not ended is unfinished, and lasts until
// the end of the command.
func Spans(events []event.Event, started, ended time.Time) []Span {
	b := builder{started: started, open: map[subject]int{}, step: -1}
	for _, e := range events {
		if Concerns(e) {
			b.add(e)
		}
	}
	b.endStep(ended, Unfinished)
	for _, at := range b.open {
		b.spans[at].End = ended.Sub(started)
	}
	Sort(b.spans)
	return b.spans
}

type subject struct {
	scope event.Scope
	id    string
}

type builder struct {
	started time.Time
	spans   []Span
	open    map[subject]int // where a span is that has not ended
	step    int             // where kind's current step is; -1 is none
}

func (b *builder) add(e event.Event) {
	key := subject{e.Scope, e.ID}
	switch e.Kind {
	case event.Started:
		b.open[key] = b.begin(e, e.Time)
	case event.Progress:
		b.follow(e)
	default:
		at, open := b.open[key]
		if !open { // what is skipped need not have begun
			at = b.begin(e, e.Time.Add(-e.Elapsed))
		}
		delete(b.open, key)
		span := &b.spans[at]
		span.End, span.Message = e.Time.Sub(b.started), e.Message
		span.Outcome = cmp.Or(e.Outcome, string(e.Kind))
		if e.Scope == event.Phase && e.ID == createPhase {
			b.endStep(e.Time, string(e.Kind))
		}
	}
}

func (b *builder) begin(e event.Event, at time.Time) int {
	b.spans = append(b.spans, Span{Lane: Lane(e.Scope), ID: e.ID, Title: e.Title, Start: at.Sub(b.started), Outcome: Unfinished})
	return len(b.spans) - 1
}

// follow begins the step that a progress names, if it is another one.
func (b *builder) follow(e event.Event) {
	title := strings.TrimRightFunc(e.Message, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != ')' })
	if title == "" || b.step >= 0 && b.spans[b.step].Title == title {
		return
	}
	b.endStep(e.Time, Done)
	b.spans = append(b.spans, Span{Lane: Step, ID: slug(title), Title: title, Start: e.Time.Sub(b.started)})
	b.step = len(b.spans) - 1
}

func (b *builder) endStep(at time.Time, outcome string) {
	if b.step < 0 {
		return
	}
	b.spans[b.step].End, b.spans[b.step].Outcome = at.Sub(b.started), outcome
	b.step = -1
}

// slug is a title as an ID: its letters and digits, with dashes between words.
func slug(title string) string {
	words := strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return strings.Join(words, "-")
}
