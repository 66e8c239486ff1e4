package report

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/kindctl/kindctl/pkg/event"
)

// Events writes each event as one line of JSON, as docs/events.schema.json
// describes, when it happens: what a killed process leaves is complete up to
// then.
type Events struct {
	mu      sync.Mutex
	encoder *json.Encoder
	err     error
}

// NewEvents returns a sink that writes lines to out, one write for each.
func NewEvents(out io.Writer) *Events {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return &Events{encoder: encoder}
}

// Emit writes the event. Nothing is written after the first error.
func (s *Events) Emit(e event.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = s.encoder.Encode(e)
	}
}

// Err returns the first error of a write.
func (s *Events) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return fmt.Errorf("write events: %w", s.err)
	}
	return nil
}
