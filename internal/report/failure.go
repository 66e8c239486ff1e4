package report

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
	if errors.Is(err, context.Canceled) {
		message = "interrupted"
	}
	fmt.Fprintf(out, "%s %s\n", style.paint(red, "error:"), strings.ReplaceAll(message, "\n", "\n       "))
	if advice := hint.AdviceOf(err); advice != "" && message != "interrupted" {
		fmt.Fprintf(out, "%s  %s\n", style.paint(bold, "hint:"), advice)
	}
}
