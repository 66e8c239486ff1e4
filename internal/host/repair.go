package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Repairable reports whether Repair can do something about the finding.
func (f Finding) Repairable() bool { return f.setting != nil }

// Repair applies the fix of a finding whose fix is safe, a kernel setting that
// allows more, on this machine and until it starts again. It returns what it
// did. Other findings are an error.
func (f Finding) Repair() (did string, err error) { return f.repair("/") }

func (f Finding) repair(root string) (did string, err error) {
	if f.setting == nil {
		return "", fmt.Errorf("%s has no fix that is safe to apply", f.ID)
	}
	s := *f.setting
	file := filepath.Join(root, "proc", "sys", strings.ReplaceAll(s.name, ".", string(filepath.Separator)))
	switch err := os.WriteFile(file, []byte(strconv.FormatInt(s.value, 10)+"\n"), 0o644); {
	case errors.Is(err, fs.ErrPermission):
		return "", hint.FixNotPermitted.Wrap(err, s.name+" was not changed, because that takes root", "run as root: sudo kindctl doctor --fix; or only this: "+s.fix())
	case err != nil:
		return "", hint.FixFailed.Wrap(err, s.name+" could not be changed", "change it where Docker's machine is set up: "+s.fix())
	}
	return fmt.Sprintf("%s is now %d, until the machine starts again; to keep it: echo %s=%d | sudo tee -a /etc/sysctl.d/90-kindctl.conf", s.name, s.value, s.name, s.value), nil
}
