package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/kindctl/kindctl/labs"
	"github.com/kindctl/kindctl/pkg/hint"
)

// labFolder is an open folder with a lab or a course.
type labFolder struct {
	fs.FS
	// source says where it is: an absolute path, or its path among the courses of kindctl.
	source string
	root   *os.Root // nil for those
}

func (f labFolder) Close() error {
	if f.root == nil {
		return nil
	}
	return f.root.Close()
}

// openLab opens the folder at a path, from which no path leads out. Where there is none, the word
// may name what comes with kindctl.
func openLab(word string) (labFolder, error) {
	const advice = "name a folder with a lab's index.json, or a lab that comes with kindctl: kindctl lab ls " + labs.Course
	root, err := os.OpenRoot(word)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if folder, found := embeddedLab(word); found {
			return folder, nil
		}
		return labFolder{}, hint.LabMissing.New("there is no folder "+word, advice)
	case err != nil:
		return labFolder{}, hint.LabInvalid.Wrap(err, "the folder "+word+" cannot be read", advice)
	}
	source, err := filepath.Abs(word)
	if err != nil {
		return labFolder{}, errors.Join(err, root.Close())
	}
	return labFolder{FS: root.FS(), source: source, root: root}, nil
}

var numbered = regexp.MustCompile(`^0*([0-9]+)-(.+)$`)

// embeddedLab finds the course that comes with kindctl, by its name, or a lab of it: 01-dns also by
// its number and as dns.
func embeddedLab(word string) (labFolder, bool) {
	open := func(name string) (labFolder, bool) {
		folder, err := fs.Sub(labs.Files(), name)
		return labFolder{FS: folder, source: name}, err == nil
	}
	word = strings.TrimPrefix(filepath.ToSlash(filepath.Clean(word)), labs.Course+"/")
	if word == labs.Course {
		return open(labs.Course)
	}
	entries, err := fs.ReadDir(labs.Files(), labs.Course)
	if err != nil {
		return labFolder{}, false
	}
	for _, entry := range entries {
		parts := numbered.FindStringSubmatch(entry.Name())
		if parts == nil {
			continue
		}
		number, _ := strconv.Atoi(word)
		if word == entry.Name() || word == parts[2] || fmt.Sprint(number) == parts[1] {
			return open(path.Join(labs.Course, entry.Name()))
		}
	}
	return labFolder{}, false
}
