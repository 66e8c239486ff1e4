package format

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity is how bad a Problem is.
type Severity string

// The severities.
const (
	// Error keeps a lab from running.
	Error Severity = "error"
	// Warning is about something that will not work, or not as its author meant it.
	Warning Severity = "warning"
	// Note is about something to know.
	Note Severity = "note"
)

// Problem is something that is wrong with a lab, or good to know.
type Problem struct {
	Severity Severity `json:"severity"`
	// ID is stable, such as "file-missing".
	ID string `json:"id"`
	// File is a path within the lab, with slashes.
	File string `json:"file"`
	// Line and Column begin at 1; 0 is unknown. Columns count bytes.
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
	// Hint is what to do, or "".
	Hint string `json:"hint,omitempty"`
}

// Place is the file with line and column, as editors take them.
func (p Problem) Place() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// String is the problem in one line.
func (p Problem) String() string { return fmt.Sprintf("%s: %s", p.Place(), p.Message) }

// Errors are those of problems that keep a lab from running.
func Errors(problems []Problem) (errors []Problem) {
	for _, one := range problems {
		if one.Severity == Error {
			errors = append(errors, one)
		}
	}
	return errors
}

var severities = []Severity{Error, Warning, Note}

// sorted has the worst first, and then the order of files and lines. What is said twice of one
// place is there once.
func sorted(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(slices.Index(severities, a.Severity)-slices.Index(severities, b.Severity), strings.Compare(a.File, b.File),
			a.Line-b.Line, a.Column-b.Column)
	})
	return slices.CompactFunc(problems, func(a, b Problem) bool { return a == b })
}
