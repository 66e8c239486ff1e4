// Package e2e runs kindctl as a user does, on real clusters, and looks at what
// it made through other eyes: docker, kubectl inside a node, and packets sent
// by pods. It needs Docker and the build tag e2e.
package e2e
