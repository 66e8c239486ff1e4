package cli

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/labs"
	"github.com/kindctl/kindctl/pkg/hint"
)

// labFolder is an open folder with a lab or a course.
type labFolder struct {
	fs.FS
	// word is what the user named it by.
	word string
	// source says where it is: an absolute path, or its path among the courses of kindctl.
	source string
	root   *os.Root // nil for those
}

func (f *labFolder) Close() error {
	if f.root == nil {
		return nil
	}
	return f.root.Close()
}

// labArgument opens the folder that a command's only argument names. Without one, help was printed
// or there is an error.
func labArgument(c *cli.Context) (*labFolder, error) {
	words, err := exactArguments(c)
	if len(words) == 0 {
		return nil, err
	}
	return openLab(words[0])
}

// openLab opens the folder at a path, from which no path leads out. Where there is none, the word
// may name what comes with kindctl.
func openLab(word string) (*labFolder, error) {
	const advice = "name a folder with a lab's index.json, or a lab that comes with kindctl: kindctl lab ls " + labs.Course
	root, err := os.OpenRoot(word)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if folder := embeddedLab(word); folder != nil {
			return folder, nil
		}
		return nil, hint.LabMissing.New("there is no folder "+word, advice)
	case err != nil:
		return nil, hint.LabInvalid.Wrap(err, "the folder "+word+" cannot be read", advice)
	}
	source, err := filepath.Abs(word)
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return &labFolder{FS: root.FS(), word: word, source: source, root: root}, nil
}

var numbered = regexp.MustCompile(`^0*([0-9]+)-(.+)$`)

// embeddedLab finds the course that comes with kindctl, by its name, or a lab of it: 01-dns also by
// its number and as dns.
func embeddedLab(word string) *labFolder {
	name := strings.TrimPrefix(filepath.ToSlash(filepath.Clean(word)), labs.Course+"/")
	open := func(source string) *labFolder {
		folder, err := fs.Sub(labs.Files(), source)
		if err != nil {
			return nil
		}
		return &labFolder{FS: folder, word: word, source: source}
	}
	if name == labs.Course {
		return open(labs.Course)
	}
	entries, err := fs.ReadDir(labs.Files(), labs.Course)
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		parts := numbered.FindStringSubmatch(entry.Name())
		if parts != nil && (name == entry.Name() || name == parts[2] || strings.TrimLeft(name, "0") == parts[1]) {
			return open(path.Join(labs.Course, entry.Name()))
		}
	}
	return nil
}
