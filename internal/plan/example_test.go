package plan_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kindctl/kindctl/internal/plan"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// A plan is an ordered list of phases. When one of them fails, what was done is
// undone in reverse order; what failed half way is undone as well. bootstrap.Up
// creates a cluster this way.
func ExampleRun() {
	say := func(what string) func(context.Context, *event.Span) (string, error) {
		return func(context.Context, *event.Span) (string, error) { fmt.Println(what); return "", nil }
	}
	take := func(what string) func(context.Context) error {
		return func(context.Context) error { fmt.Println(what); return nil }
	}
	dinner := []plan.Phase{
		{Name: "table", Title: "Lay the table", Run: say("the table is laid"), Undo: take("the table is cleared")},
		{Name: "wine", Title: "Open the wine", Skip: func() string { return "there is none" }, Run: say("never")},
		{Name: "soup", Title: "Cook the soup", Run: func(context.Context, *event.Span) (string, error) {
			return "", hint.Wrap(errors.New("no gas"), hint.Creation, "SOUP_COLD", "the soup stays cold", "pay the bill")
		}, Undo: take("the soup is poured away")},
	}
	sink := event.Func(func(e event.Event) {
		if e.Kind == event.Skipped || e.Kind == event.Failed {
			fmt.Printf("%s %s: %s\n", e.Kind, e.ID, e.Message)
		}
	})
	err := plan.Run(context.Background(), dinner, plan.Options{Sink: sink, UndoTimeout: time.Minute})
	fmt.Println(err, hint.ReasonOf(err))
	// Output:
	// the table is laid
	// skipped wine: there is none
	// failed soup: the soup stays cold: no gas
	// the soup is poured away
	// the table is cleared
	// the soup stays cold: no gas SOUP_COLD
}
