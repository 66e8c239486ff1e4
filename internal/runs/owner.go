package runs

import (
	"os"
	"os/user"
)

// Owner is this user on this host: user@host.
func Owner() string {
	name, host := "unknown", "unknown"
	if current, err := user.Current(); err == nil {
		name = current.Username
	}
	if known, err := os.Hostname(); err == nil {
		host = known
	}
	return name + "@" + host
}
