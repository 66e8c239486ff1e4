package hint

import (
	"fmt"
	"strings"

	"github.com/xrash/smetrics"
)

// similar is the Jaro-Winkler similarity above which a name is worth
// proposing; 0.7 and 4 are Winkler's own boost threshold and prefix size.
const similar = 0.8

// Nearest proposes the known name that word is most like, as a phrase to put
// after a message: ` (did you mean "up"?)`. It is empty when none is like it.
func Nearest(word string, known []string) string {
	best, score := "", similar
	for _, name := range known {
		if s := smetrics.JaroWinkler(strings.ToLower(word), strings.ToLower(name), 0.7, 4); s > score {
			best, score = name, s
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}
