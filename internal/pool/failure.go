package pool

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/kindctl/kindctl/pkg/hint"
)

// FailedFill is a fill in the background that failed.
type FailedFill struct {
	Time time.Time `json:"time"`
	// Reason is that of the error, Message its text, and Advice what to do.
	Reason  string `json:"reason"`
	Message string `json:"message"`
	Advice  string `json:"hint,omitempty"`
	// Log is the file that has the output of the fill; "" is that of "pool serve".
	Log string `json:"log,omitempty"`
}

// LastFailure returns the last fill in the background that failed, nil if it did not, or if
// a later fill of any kind has succeeded.
func (s Store) LastFailure() (*FailedFill, error) {
	data, err := os.ReadFile(s.failureFile())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, unwritable(err)
	}
	var failed FailedFill
	if err := json.Unmarshal(data, &failed); err != nil { // another kindctl wrote it
		return nil, nil //nolint:nilerr // the next fill replaces it
	}
	return &failed, nil
}

// recordFailure keeps why a fill has failed.
func (s Store) recordFailure(err error, log string) error {
	failed := FailedFill{Time: time.Now().UTC(), Reason: hint.ReasonOf(err), Message: err.Error(), Advice: hint.AdviceOf(err), Log: log}
	data, err := json.MarshalIndent(failed, "", "  ")
	if err != nil {
		return err
	}
	return replace(s.failureFile(), append(data, '\n'))
}

// ForgetFailure has LastFailure return none.
func (s Store) ForgetFailure() error { return remove(s.failureFile()) }

func (s Store) failureFile() string { return s.beside(".failed") }
