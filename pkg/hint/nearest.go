package hint

import (
	"fmt"
	"strings"
)

// Nearest proposes the known name that word was most likely meant to be, as a
// phrase to put after a message: ` (did you mean "up"?)`. It is empty when none is
// close.
func Nearest(word string, known []string) string {
	if name := Closest(word, known); name != "" {
		return fmt.Sprintf(" (did you mean %q?)", name)
	}
	return ""
}

// Closest returns the known name with the fewest typing errors between it and word,
// regardless of case, or "" if every name takes more than one for three letters. The
// first letter is right more often than others.
func Closest(word string, known []string) (best string) {
	least := 0
	for _, name := range known {
		a, b := strings.ToLower(word), strings.ToLower(name)
		errors := distance(a, b)
		rank := 2 * errors
		if a != "" && !strings.HasPrefix(b, a[:1]) {
			rank++
		}
		if errors <= max(1, max(len(a), len(b))/3) && (best == "" || rank < least) {
			best, least = name, rank
		}
	}
	return best
}

// distance is the Damerau-Levenshtein distance, as optimal string alignment: the
// number of bytes to insert, delete, replace, or swap with the next.
func distance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		for j := range d[i] {
			switch {
			case i == 0 || j == 0:
				d[i][j] = i + j
			case a[i-1] == b[j-1]:
				d[i][j] = d[i-1][j-1]
			default:
				d[i][j] = 1 + min(d[i-1][j], d[i][j-1], d[i-1][j-1])
				if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
					d[i][j] = min(d[i][j], 1+d[i-2][j-2])
				}
			}
		}
	}
	return d[len(a)][len(b)]
}
