// Package snapshot saves clusters in the user's data directory, and brings them back to what
// they were.
package snapshot
