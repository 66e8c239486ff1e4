// Package faults breaks real clusters with the faults of internal/faults, one at a time, and wants verify to
// turn exactly the check red that the fault belongs to: no other one, and all
// that depends on it blocked. Then it heals the fault and wants green again.
//
// It needs Docker and the build tag faults; "make test-faults" runs it and
// writes docs/faults.json and, from it, docs/faults.md. Each stage is a cluster of its own, and may be run by a
// process of its own beside the others: go test -tags faults ./test/faults
// -timeout 2h -run TestFaults/calico -document $PWD/docs/faults.md. A fault that no live cluster shows is replayed from
// recorded responses by a unit test; replayed_test.go lists those.
package faults
