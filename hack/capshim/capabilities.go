package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// capabilityNames lists the capabilities by number, as in linux/capability.h.
var capabilityNames = []string{
	"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL",
	"SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE",
	"NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
	"SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT",
	"SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME",
	"SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL",
	"SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM",
	"BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
}

// missingCapabilities returns the capabilities that this process, and so every
// container it starts, can never hold.
func missingCapabilities() (map[string]bool, error) {
	status, err := os.Open("/proc/self/status")
	if err != nil {
		return nil, err
	}
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		if hex, ok := strings.CutPrefix(lines.Text(), "CapBnd:"); ok {
			return absentFrom(strings.TrimSpace(hex))
		}
	}
	return nil, fmt.Errorf("no CapBnd line in /proc/self/status")
}

// absentFrom decodes a hexadecimal capability mask.
func absentFrom(hex string) (map[string]bool, error) {
	mask, err := strconv.ParseUint(hex, 16, 64)
	if err != nil {
		return nil, fmt.Errorf("capability mask %q: %w", hex, err)
	}
	missing := map[string]bool{}
	for number, name := range capabilityNames {
		if mask&(1<<number) == 0 {
			missing["CAP_"+name] = true
		}
	}
	return missing, nil
}
