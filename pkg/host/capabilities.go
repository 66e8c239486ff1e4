package host

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// needed are the capabilities, by number in linux/capability.h, whose absence
// changes how a cluster must be made.
var needed = map[string]uint{"CAP_SYS_RESOURCE": 24}

// missingCapabilities reads the bounding set of this process, which is that of
// every container on a host which takes capabilities out for all.
func missingCapabilities(root fs.FS) ([]string, error) {
	for _, line := range readLines(root, "proc/self/status") {
		hex, found := strings.CutPrefix(line, "CapBnd:")
		if !found {
			continue
		}
		mask, err := strconv.ParseUint(strings.TrimSpace(hex), 16, 64)
		if err != nil {
			return nil, fmt.Errorf("capability bounding set: %w", err)
		}
		var missing []string
		for name, bit := range needed {
			if mask&(1<<bit) == 0 {
				missing = append(missing, name)
			}
		}
		return missing, nil
	}
	return nil, nil
}
