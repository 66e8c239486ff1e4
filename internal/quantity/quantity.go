// Package quantity writes amounts for people.
package quantity

import "fmt"

// Count is a number with its noun, whose plural ends in s: "1 node", "3 nodes".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Gigabytes is an amount in units of 2^30 bytes: "3.5 GB".
func Gigabytes(bytes int64) string { return fmt.Sprintf("%.1f GB", float64(bytes)/(1<<30)) }

// Megabytes is an amount in units of 10^6 bytes: "12.3 MB".
func Megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }
