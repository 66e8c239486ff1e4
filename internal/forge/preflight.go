package forge

import (
	"context"
	"go/version"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/kindctl/kindctl/pkg/hint"
	"golang.org/x/sys/unix"
)

// required are the programs that building needs, by who needs them, and the
// Debian package that has each.
var required = [lanes]map[string]string{
	compile: {"go": "golang-go", "gcc": "gcc", "pkg-config": "pkg-config"},
	unpack:  {"apt-get": "apt", "dpkg-deb": "dpkg"},
}

// oldestGo is the first Go that fetches another toolchain by itself.
const oldestGo = "go1.21"

// leastFree is the free space in bytes below which a build is not begun. One
// from nothing needs 5 GB for results and 10 GB for Go's own caches, which
// may be elsewhere.
const leastFree = 5 << 30

// preflight reports whether this host can build todo into the cache.
func preflight(ctx context.Context, todo []component, store cache) error {
	if len(todo) == 0 {
		return nil
	}
	if runtime.GOOS != "linux" {
		return hint.NotLinux.New("images can be built on Linux only",
			"Use images from a registry (--images registry), or build on a Linux machine.")
	}
	for _, c := range todo {
		for program := range required[c.lane] {
			if _, err := exec.LookPath(program); err != nil {
				return missing(program)
			}
		}
		if c.name == runcModule.name && exec.CommandContext(ctx, "pkg-config", "--exists", "libseccomp").Run() != nil {
			return hint.MissingProgram.New("the library libseccomp and its headers are not there",
				"Install them with `apt-get install libseccomp-dev`.")
		}
		if c.lane == assemble && os.Geteuid() != 0 {
			return hint.NotRoot.New("unpacking images for containerd needs root, to mount file systems",
				"Run the same command as root (`sudo -E`); any user of Docker can make clusters of the images then.")
		}
	}
	if err := checkGo(ctx, todo); err != nil {
		return err
	}
	return checkSpace(store)
}

func checkGo(ctx context.Context, todo []component) error {
	for _, c := range todo {
		if c.lane != compile {
			continue
		}
		cmd := exec.CommandContext(ctx, "go", "env", "GOVERSION")
		cmd.Env = append(os.Environ(), "GOTOOLCHAIN=local")
		output, err := cmd.Output()
		found := strings.TrimSpace(string(output))
		if err != nil || version.Compare(found, oldestGo) < 0 {
			return hint.GoTooOld.New("the go command is "+found+"; it has to be "+oldestGo+" or newer",
				"Install Go from https://go.dev/dl or from your distribution's backports. Which one does not matter: it fetches "+toolchain+" by itself.")
		}
		return nil
	}
	return nil
}

func checkSpace(store cache) error {
	if err := store.make(); err != nil {
		return hint.CacheUnwritable.Wrap(err, "the directory for built images cannot be created",
			"Choose another one with --cache-dir.")
	}
	var stat unix.Statfs_t
	if err := unix.Statfs(store.dir, &stat); err != nil {
		return err
	}
	if stat.Bavail*uint64(stat.Bsize) < leastFree {
		return hint.DiskFull.New("less than 5 GB is free in "+store.dir,
			"Free some space (`kindctl images prune` removes what is out of date), or choose another folder with --cache-dir.")
	}
	return nil
}

func missing(program string) error {
	for _, programs := range required {
		if pkg, ok := programs[program]; ok {
			return hint.MissingProgram.New("the program "+program+" is not there",
				"Install it: on Debian and Ubuntu it is in the package "+pkg+".")
		}
	}
	return hint.MissingProgram.New("the program "+program+" is not there", "Install it and try again.")
}
