package timeline

import (
	"cmp"
	"time"

	"github.com/kindctl/kindctl/pkg/event"
)

// Spans makes spans of the phases, their steps and the checks among events, in
// their order of arrival. What has not ended is unfinished, and lasts until the
// end of the command.
func Spans(events []event.Event, started, ended time.Time) []Span {
	type subject struct {
		scope event.Scope
		id    string
	}
	var spans []Span
	open := map[subject]int{} // where one is that has not ended
	for _, e := range events {
		if !concerns(e) {
			continue
		}
		key := subject{e.Scope, e.ID}
		at, begun := open[key]
		if !begun { // what is skipped need not have begun
			at = len(spans)
			spans = append(
				spans,
				Span{
					Lane:    Lane(e.Scope),
					ID:      e.ID,
					Title:   e.Title,
					Start:   e.Time.Add(-e.Elapsed).Sub(started),
					End:     ended.Sub(started),
					Outcome: Unfinished,
				},
			)
		}
		if e.Kind == event.Started {
			open[key] = at
			continue
		}
		delete(open, key)
		spans[at].End, spans[at].Message, spans[at].Outcome = e.Time.Sub(started), e.Message, cmp.Or(e.Outcome, string(e.Kind))
	}
	Sort(spans)
	return spans
}

// concerns selects the beginnings and ends of phases, steps and checks.
func concerns(e event.Event) bool {
	switch e.Kind {
	case event.Started, event.Done, event.Failed, event.Skipped:
		return e.Scope == event.Phase || e.Scope == event.Step || e.Scope == event.Check
	}
	return false
}
