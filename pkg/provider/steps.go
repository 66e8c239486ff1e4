package provider

import (
	"strings"
	"time"
	"unicode"

	"github.com/kindctl/kindctl/pkg/event"
)

// step tells that one of kind's steps began or ended. kind puts a picture behind
// its name.
func (l logger) step(kind event.Kind, text string) {
	title := strings.TrimRightFunc(strings.TrimSpace(text), func(r rune) bool { return r > unicode.MaxASCII || unicode.IsSpace(r) })
	words := strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	l.sink.Emit(event.Event{Time: time.Now(), Kind: kind, Scope: event.Step, ID: strings.Join(words, "-"), Title: title})
}
