package report

// Style marks text, or leaves it plain.
type Style struct {
	Color bool
}

// The colors, as ANSI sequences.
const (
	green  = "\x1b[32m"
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	faint  = "\x1b[2m"
	bold   = "\x1b[1m"
	reset  = "\x1b[0m"
)

func (s Style) paint(sequence, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return sequence + text + reset
}
