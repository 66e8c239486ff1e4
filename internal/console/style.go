package console

// Style marks text, or leaves it plain.
type Style struct {
	Color bool
}

// The colors, as ANSI sequences.
const (
	Green  = "\x1b[32m"
	Red    = "\x1b[31m"
	Yellow = "\x1b[33m"
	Faint  = "\x1b[2m"
	Bold   = "\x1b[1m"
	reset  = "\x1b[0m"
)

// Paint puts a sequence of the constants above in front of text, and its end behind.
func (s Style) Paint(sequence, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return sequence + text + reset
}
