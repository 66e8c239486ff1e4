// Package report shows people and machines what the engines do: a console
// that follows events, and the verdict of a verification as a table or JSON.
package report
