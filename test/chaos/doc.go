// Package chaos breaks a cluster while someone writes to it, and counts what is
// lost. Its tests run real clusters, for minutes, and only with the tag chaos:
//
//	make test-chaos
package chaos
