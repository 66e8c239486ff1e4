// Package event carries what happens during long work from the engines that
// do it to those who show it. Engines emit; consoles, JSON writers and test
// recorders are sinks. The package depends on nothing of the project.
package event

import (
	"sync"
	"time"
)

// Kind says what happened to the subject of an Event.
type Kind string

// The kinds of events. Every Started is followed by exactly one of Done,
// Failed or Skipped for the same scope and ID; Progress, Note and Warning may
// come at any time.
const (
	Started  Kind = "started"
	Progress Kind = "progress"
	Done     Kind = "done"
	Failed   Kind = "failed"
	Skipped  Kind = "skipped"
	Note     Kind = "note"
	Warning  Kind = "warning"
)

// Scope names the engine that an Event comes from.
type Scope string

// The scopes in use.
const (
	Phase     Scope = "phase"     // a step of a cluster's bootstrap or removal
	Step      Scope = "step"      // a step in which nodes are made, which may last beyond a phase
	Check     Scope = "check"     // one verification check
	Component Scope = "component" // one component of an image build
	Image     Scope = "image"     // one image pulled or loaded
)

// Event is one thing that happened.
type Event struct {
	Time  time.Time `json:"time"`
	Kind  Kind      `json:"kind"`
	Scope Scope     `json:"scope"`
	// ID is stable across releases, such as "create" or "etcd.quorum".
	ID string `json:"id"`
	// Title is a short phrase for people.
	Title string `json:"title,omitempty"`
	// Message is the detail: what is under way, or why it failed.
	Message string `json:"message,omitempty"`
	// Hint says what to do about a Failed or Warning event.
	Hint string `json:"hint,omitempty"`
	// Outcome refines Done, Failed and Skipped, such as "PASS" or "BLOCKED".
	Outcome string `json:"outcome,omitempty"`
	// Completed and Total count the units of work; a zero Total is unknown.
	Completed int64 `json:"completed,omitempty"`
	Total     int64 `json:"total,omitempty"`
	// Elapsed is the time since Started; Estimate is the expected duration of
	// the whole subject. Zero is unknown.
	Elapsed  time.Duration `json:"elapsedNanoseconds,omitempty"`
	Estimate time.Duration `json:"estimateNanoseconds,omitempty"`
}

// Sink receives events. Implementations are safe for concurrent use and
// return quickly.
type Sink interface {
	Emit(Event)
}

// Func lets a function be a Sink.
type Func func(Event)

// Emit calls the function.
func (f Func) Emit(e Event) { f(e) }

// Discard is a Sink that drops everything.
var Discard Sink = Func(func(Event) {})

// Warn emits a Warning: what is wrong without a failure, and what to do about it, "" for nothing.
func Warn(sink Sink, scope Scope, id, message, hint string) {
	sink.Emit(Event{Time: time.Now(), Kind: Warning, Scope: scope, ID: id, Message: message, Hint: hint})
}

// Inform emits a Note.
func Inform(sink Sink, scope Scope, id, message string) {
	sink.Emit(Event{Time: time.Now(), Kind: Note, Scope: scope, ID: id, Message: message})
}

// Tee returns a Sink that hands each event to all sinks, in order.
func Tee(sinks ...Sink) Sink {
	return Func(func(e Event) {
		for _, sink := range sinks {
			sink.Emit(e)
		}
	})
}

// Recorder is a Sink that keeps every event in order of arrival.
type Recorder struct {
	mu     sync.Mutex
	events []Event
}

// Emit appends the event.
func (r *Recorder) Emit(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// Events returns a copy of what was recorded.
func (r *Recorder) Events() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Event(nil), r.events...)
}
