package quantity

import "testing"

func TestQuantities(t *testing.T) {
	for want, got := range map[string]string{
		"0 nodes": Count(0, "node"), "1 node": Count(1, "node"), "2 nodes": Count(2, "node"),
		"3.5 GB": Gigabytes(7 << 29), "12.3 MB": Megabytes(12_345_678),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
