// Package pool keeps clusters ready: created and verified, then frozen, until one is taken.
// The metadata of the containers records which clusters are in the pool; a file of the user
// defines the configuration of these clusters and their number.
package pool
