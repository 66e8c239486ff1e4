// Package cli is the command line: one file for each command, and nothing but
// flags, wiring and output. The work is done by the engine packages.
package cli
