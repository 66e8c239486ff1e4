package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/quantity"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func exportSnapshotCommand() *cli.Command {
	return &cli.Command{
		Name: "export", Usage: "Export a snapshot to a file",
		UsageText: `kindctl snapshot export SNAPSHOT FILE|- [-n CLUSTER]

Examples:
  kindctl snapshot export seeded seeded.tar -n lab
  kindctl snapshot export seeded - -n lab | ssh other kindctl snapshot import -`,
		Description: "The file holds private keys of the cluster, and only you can read it.",
		ArgsUsage:   "SNAPSHOT FILE",
		Flags:       []cli.Flag{nameFlag()},
		Action:      exportSnapshot,
	}
}

func importSnapshotCommand() *cli.Command {
	return &cli.Command{
		Name: "import", Usage: "Import a snapshot file",
		UsageText:   "kindctl snapshot import FILE|- [--name NAME] [--replace]",
		Description: "A file that is truncated, was changed, or is not a snapshot is rejected, and nothing is imported. " + trustNote,
		ArgsUsage:   "FILE",
		Flags:       importFlags(),
		Action:      importSnapshot,
	}
}

// trustNote is for those who have a snapshot from others.
const trustNote = "Import snapshots only from people you trust: a cluster that is made from one runs their software as root in privileged nodes, with the host mounts of its configuration."

func importFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "name", Usage: "another `NAME` for the snapshot"},
		&cli.BoolFlag{Name: "replace", Usage: "replace a snapshot of that name", DisableDefaultText: true},
	}
}

func exportSnapshot(c *cli.Context) error {
	words, err := exactArguments(c)
	if len(words) == 0 {
		return err
	}
	name, path := words[0], words[1]
	export := func(out io.Writer) error { return clientOf(c).ExportSnapshot(c.Context, c.String("name"), name, out) }
	if path == "-" {
		if _, is := terminal(c.App.Writer); is {
			return hint.BadFlag.New("a snapshot is not written to a terminal", "name a file, or pipe it into another command")
		}
		return export(c.App.Writer)
	}
	if err := writeNewFile(path, export); err != nil {
		return err
	}
	if !isOn(c, "quiet") {
		fmt.Fprintf(c.App.ErrWriter, "wrote %s, which holds private keys of cluster %s\n", path, c.String("name"))
	}
	return nil
}

// writeNewFile writes a file that is there whole or not at all, and for its owner alone.
func writeNewFile(path string, write func(io.Writer) error) error {
	exists := hint.FileExists.New("there is a file "+path+" already", "name another one, or remove it")
	if _, err := os.Lstat(path); err == nil {
		return exists
	}
	out, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".partial-*")
	if err != nil {
		return hint.FileUnwritable.Wrap(err, "the file "+path+" cannot be written", "correct the permissions, or name another one")
	}
	err = errors.Join(write(out), out.Close())
	if _, there := os.Lstat(path); err == nil && there == nil { // another process has made it meanwhile
		err = exists
	}
	if err == nil {
		err = os.Rename(out.Name(), path)
	}
	if err == nil {
		return nil
	}
	if hint.ReasonOf(err) == "" {
		err = hint.FileFailed.Wrap(err, "the file "+path+" could not be written", "see whether there is space: df "+path)
	}
	return errors.Join(err, os.Remove(out.Name()))
}

func importSnapshot(c *cli.Context) error {
	words, err := exactArguments(c)
	if len(words) == 0 {
		return err
	}
	in, err := openSnapshotFile(words[0])
	if err != nil {
		return err
	}
	defer in.Close()
	one, err := clientOf(c).ImportSnapshot(c.Context, in, kindctl.ImportSnapshotOptions{Name: c.String("name"), Replace: c.Bool("replace")})
	return imported(c, one, err)
}

// imported says what there is now, and how to use it.
func imported(c *cli.Context, one kindctl.Snapshot, err error) error {
	if err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "Imported snapshot %s of cluster %s (%s). Make the cluster from it: kindctl up --from %[1]s -n %[2]s; if that cluster exists: kindctl reset -n %[2]s --to %[1]s\n", one.Name, one.Cluster, quantity.Megabytes(one.Size()))
	return nil
}

// openSnapshotFile opens a file, or with "-" standard input.
func openSnapshotFile(path string) (*os.File, error) {
	if path == "-" {
		return os.Stdin, nil
	}
	in, err := os.Open(path)
	if err != nil {
		return nil, hint.SnapshotFile.Wrap(err, "the file cannot be read", "check its name and permissions")
	}
	return in, nil
}
