package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Failure writes an error: what went wrong, and what to do next.
func Failure(out io.Writer, err error, style Style) {
	message := err.Error()
	advice := hint.AdviceOf(err)
	if errors.Is(err, context.Canceled) {
		message = "interrupted"
		// What failed by itself beside the interrupt, such as the cleaning, is news.
		if other := (*hint.Error)(nil); errors.As(err, &other) && !errors.Is(other, context.Canceled) {
			message += "; " + other.Error()
		} else {
			advice = ""
		}
	}
	fmt.Fprintf(out, "%s %s\n", style.Paint(Red, "error:"), indent(message))
	if advice != "" {
		fmt.Fprintf(out, "%s  %s\n", style.Paint(Bold, "hint:"), indent(advice))
	}
}

// indent puts further lines under the first one's text.
func indent(text string) string { return strings.ReplaceAll(text, "\n", "\n       ") }
