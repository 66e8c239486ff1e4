package kube

import "strings"

// Readyz reads what an API server says of its own checks, as its /readyz does when
// it is not ready and /readyz?verbose always: how many are good, and of each other
// its name with what is wrong, such as "etcd failed: reason withheld".
func Readyz(body string) (good int, bad []string) {
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "[+]") {
			good++
		} else if name, found := strings.CutPrefix(strings.TrimSpace(line), "[-]"); found {
			bad = append(bad, name)
		}
	}
	return good, bad
}
