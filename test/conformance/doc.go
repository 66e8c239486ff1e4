// Package conformance runs Kubernetes' own tests that are marked
// [Conformance] on a cluster of each CNI, and writes docs/conformance.md. It
// takes hours, and only with the tag conformance:
//
//	make test-conformance
package conformance
