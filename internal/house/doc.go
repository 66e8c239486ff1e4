// Package house holds the rules of this source tree as tests: which package
// may import which, and what every package and file must have.
package house
