package verify

import (
	"context"
	"time"
)

// Containerd is what containerd of a node is configured with, as its container shows.
type Containerd struct {
	// Dump is what "containerd config dump" prints, in TOML, and Refusal what it says in
	// place of that.
	Dump, Refusal string
	// Started is when the process was started that runs.
	Started time.Time
	// Changed is when the files of its configuration were changed last, by path.
	Changed map[string]time.Time
	// Files are the contents of other files that were asked for and are there, by path.
	Files map[string]string
}

// ReadContainerd reads what containerd of a node is configured with, and files of the
// node beside that.
type ReadContainerd func(ctx context.Context, node string, files []string) (Containerd, error)
