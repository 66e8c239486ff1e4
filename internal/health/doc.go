// Package health connects to a cluster in Docker, waits until it is ready, and verifies it.
package health
