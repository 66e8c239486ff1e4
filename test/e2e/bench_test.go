//go:build e2e

package e2e

import (
	"slices"
	"testing"
	"time"
)

// BenchmarkVerify verifies a healthy cluster again and again, in full and
// quickly by turns. A run that is not green ends it. It prints the times of each
// kind, sorted, and reports their median and the longest in seconds.
//
//	go test -tags e2e -run '^$' -bench Verify -benchtime 20x ./test/e2e
func BenchmarkVerify(b *testing.B) {
	for _, kind := range []struct{ name, cni, mode string }{
		{"calico", "calico", "iptables"},
		{"cilium", "cilium", "iptables"},
		{"calico-nftables", "calico", "nftables"},
		{"cilium-replacement", "cilium", "none"},
	} {
		b.Run(kind.name, func(b *testing.B) {
			cluster := "e2e-bench-" + kind.cni
			s := newSession(b, cluster)
			s.Must("up", "--cni", kind.cni, "--proxy-mode", kind.mode, "-n", cluster)
			var full, quick []time.Duration
			for b.Loop() {
				full = append(full, s.Must("verify", "-n", cluster).Took)
				quick = append(quick, s.Must("verify", "-n", cluster, "--quick").Took)
			}
			s.Must("down", "-n", cluster)
			for name, times := range map[string][]time.Duration{"full": full, "quick": quick} {
				slices.Sort(times)
				b.Logf("%s: %v, median %v, max %v", name, times, median(times), times[len(times)-1])
				b.ReportMetric(median(times).Seconds(), name+"-median-s")
				b.ReportMetric(times[len(times)-1].Seconds(), name+"-max-s")
			}
			b.ReportMetric(0, "ns/op") // it would mix both kinds
		})
	}
}

// median is the middle of sorted times, or between the two in the middle.
func median(times []time.Duration) time.Duration {
	return (times[(len(times)-1)/2] + times[len(times)/2]) / 2
}
