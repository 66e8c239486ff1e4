package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/hint"
)

// decodeFile reads a configuration file; "-" is standard input.
func decodeFile(file string) (clusters.Topology, error) {
	var data []byte
	var err error
	if file == "-" {
		file = "standard input"
		data, err = io.ReadAll(os.Stdin)
	} else {
		data, err = os.ReadFile(filepath.Clean(file))
	}
	if err != nil {
		return clusters.Topology{}, hint.ConfigUnreadable.Wrap(err, "the configuration cannot be read", "check the file's name and permissions")
	}
	return clusters.Decode(data, file)
}

// fileArguments are the files that a command names, at most so many. A flag
// after them would be taken for another one.
func fileArguments(c *cli.Context, most int) ([]string, error) {
	files := c.Args().Slice()
	for _, file := range files {
		if strings.HasPrefix(file, "-") && file != "-" {
			return nil, hint.BadFlag.New(fmt.Sprintf("flag %s comes after a file", file), "flags go before files: "+c.Command.UsageText)
		}
	}
	if len(files) > most {
		return nil, hint.UnexpectedArgument.New(fmt.Sprintf("%s takes no argument %q", commandOf(c), files[most]), "name one file")
	}
	return files, nil
}

func writeConfig(file string, data []byte, force bool) error {
	mode := os.O_EXCL
	if force {
		mode = os.O_TRUNC
	}
	out, err := os.OpenFile(filepath.Clean(file), os.O_WRONLY|os.O_CREATE|mode, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return hint.ConfigExists.New(file+" is there already", "name another file, or overwrite it: --force")
	}
	if err == nil {
		_, err = out.Write(data)
		err = errors.Join(err, out.Close())
	}
	if err != nil {
		return hint.ConfigUnwritable.Wrap(err, "the configuration cannot be written", "check the directory and its permissions, or name another file")
	}
	return nil
}
