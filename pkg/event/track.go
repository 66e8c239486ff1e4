package event

import "time"

// Span is one subject between its Started event and its last one.
type Span struct {
	sink    Sink
	base    Event
	started time.Time
}

// Start emits Started for base (its Scope, ID, Title, Message and Estimate
// are used) and returns the span to finish.
func Start(sink Sink, base Event) *Span {
	s := &Span{sink: sink, base: base, started: time.Now()}
	base.Kind = Started
	base.Time = s.started
	sink.Emit(base)
	return s
}

// Progress reports the detail under way and how many units are complete.
func (s *Span) Progress(message string, completed, total int64) {
	e := s.at(Progress)
	e.Message, e.Completed, e.Total = message, completed, total
	s.sink.Emit(e)
}

// Done ends the span well.
func (s *Span) Done(message string) {
	e := s.at(Done)
	e.Message = message
	s.sink.Emit(e)
}

// Failed ends the span with a cause and what to do about it.
func (s *Span) Failed(cause, advice string) {
	e := s.at(Failed)
	e.Message, e.Hint = cause, advice
	s.sink.Emit(e)
}

// Skipped ends the span without work, for a reason.
func (s *Span) Skipped(reason string) {
	e := s.at(Skipped)
	e.Message = reason
	s.sink.Emit(e)
}

func (s *Span) at(kind Kind) Event {
	e := s.base
	e.Kind = kind
	e.Time = time.Now()
	e.Elapsed = e.Time.Sub(s.started)
	return e
}
