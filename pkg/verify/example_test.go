package verify_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// A check is data and one function. What needs a check that did not pass is
// blocked, so that one fault is one failure.
func ExampleRun() {
	checks := []verify.Check{
		{
			ID: "tea.water", Group: "tea", Title: "Water boils", Hint: "switch the kettle on",
			Run: func(context.Context, *verify.Target) (verify.Evidence, error) {
				return nil, verify.Final(errors.New("the water has 20 °C"))
			},
		},
		{
			ID: "tea.cup", Group: "tea", Title: "There is a cup", Hint: "wash one",
			Run: func(context.Context, *verify.Target) (verify.Evidence, error) {
				return verify.Evidence{"a blue one"}, nil
			},
		},
		{
			ID: "tea.ready", Group: "tea", Title: "Tea is ready", Hint: "wait", Needs: []string{"tea.water", "tea.cup"},
			Run: func(context.Context, *verify.Target) (verify.Evidence, error) { return nil, nil },
		},
	}
	report := verify.Run(context.Background(), &verify.Target{}, checks, verify.RunOptions{})
	for _, result := range report.Results {
		fmt.Printf("%s %s %q\n", result.Outcome, result.ID, result.Cause)
	}
	fmt.Println("exit code", hint.CodeOf(report.Err()))
	fmt.Println(hint.AdviceOf(report.Err()))
	// Output:
	// FAIL tea.water "the water has 20 °C"
	// PASS tea.cup ""
	// BLOCKED tea.ready "needs tea.water, which did not pass"
	// exit code 5
	// tea.water: switch the kettle on
}
