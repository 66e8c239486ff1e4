package host

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// SysResource is the capability that restricted machines are known to lack. A
// privileged container asks for it, and so does Cilium.
const SysResource = "CAP_SYS_RESOURCE"

// sysResource is its number in linux/capability.h.
const sysResource = 24

// missingCapabilities reads the bounding set of the engine's process: no
// container can have more. Nothing is known of a process that cannot be seen.
func missingCapabilities(root fs.FS, process string) ([]string, error) {
	for _, line := range readLines(root, path.Join("proc", process, "status")) {
		hex, found := strings.CutPrefix(line, "CapBnd:")
		if !found {
			continue
		}
		mask, err := strconv.ParseUint(strings.TrimSpace(hex), 16, 64)
		if err != nil {
			return nil, fmt.Errorf("capability bounding set: %w", err)
		}
		if mask&(1<<sysResource) == 0 {
			return []string{SysResource}, nil
		}
	}
	return nil, nil
}
