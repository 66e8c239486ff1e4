package forge

import (
	"os"
	"os/exec"
	"runtime"

	"github.com/kindctl/kindctl/pkg/hint"
)

// required are the programs that building needs, by who needs them, and the
// Debian package that has each.
var required = map[lane]map[string]string{
	compile: {"go": "golang-go (1.21 or newer)", "gcc": "gcc libc6-dev", "pkg-config": "pkg-config"},
	unpack:  {"apt-get": "apt", "dpkg-deb": "dpkg"},
}

// preflight tells whether this host can build todo.
func preflight(todo []component) error {
	if len(todo) == 0 {
		return nil
	}
	if runtime.GOOS != "linux" {
		return hint.New(hint.Preflight, "NOT_LINUX", "images can be built on Linux only",
			"Use images from a registry (--images registry), or build on a Linux machine.")
	}
	for _, c := range todo {
		for program := range required[c.lane] {
			if _, err := exec.LookPath(program); err != nil {
				return missing(program)
			}
		}
		if c.name == runcModule.name && exec.Command("pkg-config", "--exists", "libseccomp").Run() != nil {
			return hint.New(hint.Preflight, "MISSING_PROGRAM", "the library libseccomp and its headers are not there",
				"Install them with `apt-get install libseccomp-dev pkg-config`.")
		}
		if c.lane == assemble && os.Geteuid() != 0 {
			return hint.New(hint.Preflight, "NOT_ROOT", "unpacking images for containerd needs root, to mount file systems",
				"Run the same command as root (`sudo -E`); clusters can then be made by any user of Docker.")
		}
	}
	return nil
}

func missing(program string) error {
	for _, programs := range required {
		if pkg, ok := programs[program]; ok {
			return hint.New(hint.Preflight, "MISSING_PROGRAM", "the program "+program+" is not there",
				"Install it: on Debian and Ubuntu it is in "+pkg+".")
		}
	}
	return hint.New(hint.Preflight, "MISSING_PROGRAM", "the program "+program+" is not there", "Install it and try again.")
}
