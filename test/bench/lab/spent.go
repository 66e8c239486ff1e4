package lab

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// hertz is in how many parts /proc divides a second, on every architecture that Go
// knows (proc(5), USER_HZ).
const hertz = 100

// spending is the processor time that was used up to a moment, in parts of a second.
type spending struct {
	// daemons are Docker's, by the number of the process; nil when none can be seen.
	daemons map[string]int64
	// machine is everything; 0 is unknown.
	machine int64
}

// spent reads what Docker's daemons and the whole machine have used. Without a
// system nothing is known.
func spent(system fs.FS) (now spending) {
	if system == nil {
		return now
	}
	now.machine = readMachine(system)
	processes, err := fs.Glob(system, "proc/[0-9]*")
	if err != nil {
		return now
	}
	for _, process := range processes {
		if used, is := readDaemon(system, process); is {
			if now.daemons == nil {
				now.daemons = map[string]int64{}
			}
			now.daemons[process] = used
		}
	}
	return now
}

// since returns the seconds that were used between two moments; nil is unknown.
func (s spending) since(before spending) (daemons, machine *float64) {
	if s.daemons != nil {
		var used int64
		for process, now := range s.daemons {
			used += now - before.daemons[process] // one that is new began with nothing
		}
		seconds := float64(used) / hertz
		daemons = &seconds
	}
	if s.machine > 0 && before.machine > 0 {
		seconds := float64(s.machine-before.machine) / hertz
		machine = &seconds
	}
	return daemons, machine
}

// readDaemon reads what a process has used, if it is one of Docker's: dockerd,
// containerd, or the shim of a container. Those of the same names within a node are
// the node's. Daemons answer for what they have started and waited for; shims do
// not, because they wait for what docker exec runs, which the node's account has.
func readDaemon(system fs.FS, process string) (used int64, is bool) {
	stat, err := fs.ReadFile(system, process+"/stat")
	if err != nil { // it has ended
		return 0, false
	}
	// "PID (NAME) STATE ...", where a name may hold brackets itself (proc(5)).
	text := string(stat)
	begins, ends := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if begins < 0 || ends < begins {
		return 0, false
	}
	name, fields := text[begins+1:ends], strings.Fields(text[ends+1:])
	const own, all, first = 2, 4, 11 // utime and stime, with those of children, after the name
	count := all
	switch {
	case name == "dockerd" || name == "containerd":
	case strings.HasPrefix(name, "containerd-shim"):
		count = own
	default:
		return 0, false
	}
	if len(fields) < first+count || inside(system, process) {
		return 0, false
	}
	return sum(fields[first : first+count]), true
}

// inside reports whether a process is in a container: it has a number of its own
// there.
func inside(system fs.FS, process string) bool {
	status, err := fs.ReadFile(system, process+"/status")
	for line := range strings.Lines(string(status)) {
		if numbers, is := strings.CutPrefix(line, "NSpid:"); is {
			return len(strings.Fields(numbers)) > 1
		}
	}
	return err != nil
}

// readMachine reads the time in which any processor was busy.
func readMachine(system fs.FS) int64 {
	stat, err := fs.ReadFile(system, "proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	fields := strings.Fields(line)
	// cpu, user, nice, system, idle, iowait, irq, softirq; then what is stolen, or
	// counted in user (proc(5)).
	if len(fields) < 8 {
		return 0
	}
	return sum(fields[1:4]) + sum(fields[6:8])
}

// load reads the load average of the last minute.
func load(system fs.FS) (average float64, known bool) {
	if system == nil {
		return 0, false
	}
	text, err := fs.ReadFile(system, "proc/loadavg")
	if err != nil {
		return 0, false
	}
	_, err = fmt.Sscan(string(text), &average)
	return average, err == nil
}

func sum(fields []string) (total int64) {
	for _, field := range fields {
		number, _ := strconv.ParseInt(field, 10, 64)
		total += number
	}
	return total
}
