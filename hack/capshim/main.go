// Command capshim is an OCI runtime that stands in front of runc on hosts
// whose capability bounding set is incomplete. Such a host cannot grant what
// "docker run --privileged" asks for, and runc refuses the whole container.
// The shim takes the capabilities that the host lacks out of the container's
// specification and then becomes runc.
//
// Docker uses it as a default runtime named in daemon.json. Every container
// start and every exec passes through, so it does no more than one read and
// one write of a small JSON document: 2 ms of a "docker exec" that takes 76
// (medians of 100 execs with the shim and 100 without it, in turns, on two busy
// cores).
package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	fmt.Fprintln(os.Stderr, "capshim:", run(os.Args[1:]))
	os.Exit(1)
}

// run returns only if it fails: otherwise this process becomes runc.
func run(args []string) error {
	if path, kind := document(args); path != "" {
		missing, err := missingCapabilities()
		if err != nil {
			return err
		}
		if len(missing) > 0 {
			if err := rewrite(path, kind, missing); err != nil {
				return fmt.Errorf("rewrite %s: %w", path, err)
			}
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	runc, err := findRunc(self, places)
	if err != nil {
		return err
	}
	return syscall.Exec(runc, append([]string{"runc"}, args...), os.Environ())
}

// places are where runc is looked for: on the PATH, and then where packages of
// distributions and of Docker put it, because a daemon's PATH may be empty.
var places = []string{"runc", "/usr/bin/runc", "/usr/sbin/runc", "/usr/local/sbin/runc", "/usr/local/bin/runc"}

// findRunc returns the first of the places that has a program other than self,
// which may have been installed under runc's name.
func findRunc(self string, places []string) (string, error) {
	own, err := os.Stat(self)
	if err != nil {
		return "", err
	}
	for _, place := range places {
		path, err := exec.LookPath(place)
		if err != nil {
			continue
		}
		if found, err := os.Stat(path); err == nil && !os.SameFile(own, found) {
			return path, nil
		}
	}
	return "", fmt.Errorf("runc is not on the PATH and not in %q: install the package runc", places[1:])
}
