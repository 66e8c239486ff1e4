package host

import (
	"fmt"
	"io/fs"
	"math/bits"
	"path"
	"slices"
	"strconv"
	"strings"
)

// SysResource is the capability that restricted machines are known to lack. A
// privileged container asks for it, and so does Cilium.
const SysResource = "CAP_SYS_RESOURCE"

// capabilityNames are the capabilities by number, as in linux/capability.h.
var capabilityNames = strings.Fields(`
	CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
	NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE
	SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE
	AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF
	CHECKPOINT_RESTORE`)

// capabilities looks whether privileged containers can have all that they ask
// for: every capability that the kernel knows.
func (f Facts) capabilities(Needs) []Finding {
	missing := strings.Join(f.MissingCapabilities, ", ")
	switch {
	case f.Bounding == "" && missing == "":
		return f.unknown("capabilities", "which capabilities containers can have")
	case missing == "":
		return []Finding{{ID: "capabilities", State: OK, Observed: "privileged containers can have every capability"}}
	case f.Runtime == "runc":
		return []Finding{{ID: "capabilities", State: Fatal, Observed: "this machine takes " + missing + " from every process",
			Effect: "Docker's runtime runc fails to start a node without it",
			Fix:    `"make up" as root installs a runtime that leaves it out (see hack/capshim)`}}
	}
	return []Finding{{ID: "capabilities", State: OK, Observed: "this machine takes " + missing + " from every process",
		Effect: "nodes do without, because Docker's default runtime " + f.Runtime + " is not runc; nothing needs to be done"}}
}

// Lacks reports whether a capability is known to be missing.
func (f Facts) Lacks(capability string) bool {
	return slices.Contains(f.MissingCapabilities, capability)
}

// missingCapabilities reads the bounding set of the engine's process: no
// container can have more. Nothing is known of a process that cannot be seen.
func missingCapabilities(root fs.FS, process string) (bounding string, missing []string, err error) {
	for _, line := range readLines(root, path.Join("proc", process, "status")) {
		hex, found := strings.CutPrefix(line, "CapBnd:")
		if !found {
			continue
		}
		bounding = strings.TrimSpace(hex)
		mask, err := strconv.ParseUint(bounding, 16, 64)
		if err != nil {
			return "", nil, fmt.Errorf("capability bounding set: %w", err)
		}
		known := bits.Len64(mask) // capabilities that the kernel has, at least
		if last := readNumber(root, "proc/sys/kernel/cap_last_cap"); last > 0 && last < 64 {
			known = int(last) + 1
		}
		for number := range known {
			if mask&(1<<number) == 0 {
				missing = append(missing, capabilityName(number))
			}
		}
	}
	return bounding, missing, nil
}

func capabilityName(number int) string {
	if number < len(capabilityNames) {
		return "CAP_" + capabilityNames[number]
	}
	return fmt.Sprintf("CAP_%d", number) // of a kernel newer than the list
}
