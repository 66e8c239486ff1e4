package runs

import (
	"os"
	"path/filepath"

	"github.com/kindctl/kindctl/pkg/hint"
)

// DataDir is a directory of kindctl's in the user's data: below XDG_DATA_HOME or
// ~/.local/share. It need not exist. An error has advice.
func DataDir(name string) (string, error) {
	data := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(data) { // as the XDG Base Directory Specification has it
		home, err := os.UserHomeDir()
		if err != nil {
			return "", hint.NoDataDir.Wrap(err, "there is no place for "+name, "set HOME or XDG_DATA_HOME")
		}
		data = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(data, "kindctl", name), nil
}
