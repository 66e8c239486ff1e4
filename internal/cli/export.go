package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/pkg/diagnose"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/provider"
	"github.com/kindctl/kindctl/pkg/scratch"
)

func exportCommand() *cli.Command {
	return &cli.Command{
		Name: "export", Usage: "Export logs and diagnostics",
		Subcommands: []*cli.Command{{
			Name: "logs", Usage: "Collect a verification, logs, events, the CNI's state and facts about the host",
			UsageText: `kindctl export logs [-n NAME] [DIR | --tar FILE.tar.gz]

Examples:
  kindctl export logs                        into kindctl-logs-NAME
  kindctl export logs -n lab --tar lab.tar.gz`,
			Description: "What cannot be collected is reported, also in problems.txt, and does not prevent the rest: without an API server you get the nodes' journals and pod logs, of a stopped cluster the output of its containers. " +
				"Secrets are not read, and what looks like a credential is redacted; the logs of your pods are included.",
			ArgsUsage: "[DIR]",
			Flags: []cli.Flag{nameFlag(),
				&cli.StringFlag{Name: "tar", TakesFile: true, Usage: "one compressed `FILE` instead of a directory"}},
			Action: exportLogs,
		}},
	}
}

func exportLogs(c *cli.Context) error {
	words, err := argumentsOf(c)
	if err != nil {
		return err
	}
	name, packed := c.String("name"), c.String("tar")
	switch {
	case c.Bool("help"):
		return cli.ShowSubcommandHelp(c)
	case len(words) > 1:
		return hint.UnexpectedArgument.New("there is one directory to write into, not "+fmt.Sprint(len(words)), "leave the others out")
	case len(words) == 1 && packed != "":
		return hint.BadFlag.New("DIR and --tar exclude each other", "leave one of them out")
	}
	place := diagnostics{dir: "kindctl-logs-" + name}
	if len(words) == 1 {
		place.dir = words[0]
	}
	if packed != "" {
		if err := unwritten(packed); err != nil {
			return err
		}
		private, remove, err := scratch.Dir("export")
		if err != nil {
			return err
		}
		defer remove()
		place.dir = filepath.Join(private, "kindctl-logs-"+name)
	}
	if err := place.prepare(); err != nil {
		return hint.ArtifactsUnwritable.Wrap(errors.Unwrap(err), "cannot write to "+place.dir, "correct the permissions, or name another directory")
	}
	defer place.tidy()
	docker, err := existing(c, name)
	if err != nil {
		return err
	}
	return writeBundle(c, docker, name, place, packed)
}

// unwritten wants a place for a file where none is yet.
func unwritten(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return hint.FileExists.New("there is a file "+path+" already", "name another one, or remove it")
	}
	probe, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return hint.FileUnwritable.Wrap(err, "the file "+path+" cannot be written", "correct the permissions, or name another one")
	}
	return errors.Join(probe.Close(), os.Remove(path))
}

// writeBundle fills a directory, or packs it.
func writeBundle(c *cli.Context, docker *provider.Docker, name string, place diagnostics, packed string) error {
	dir, err := place.room()
	if err != nil {
		return err
	}
	sink, finish := progressSink(c)
	defer finish()
	span := event.Start(sink, event.Event{Scope: event.Phase, ID: "export", Title: "Collect what cluster " + name + " says of itself", Estimate: 30 * time.Second})
	bundle := diagnose.NewBundle(dir)
	source := bundleSource{name: name, connection: connection(c), docker: docker}
	bundle.Fill(c.Context, source.parts()...)
	if c.Context.Err() != nil {
		span.Failed("interrupted", "")
		return errors.Join(c.Context.Err(), os.RemoveAll(dir))
	}
	problems := bundle.Problems()
	for _, problem := range problems {
		sink.Emit(event.Event{Time: time.Now(), Kind: event.Warning, Scope: event.Phase, ID: "export", Message: "could not be had: " + problem})
	}
	bundle.Write("problems.txt", lines(problems))
	where := dir
	if packed != "" {
		where = packed
		if err := pack(dir, packed); err != nil {
			span.Failed(err.Error(), "")
			return hint.FileFailed.Wrap(err, "the file "+packed+" could not be written", "see whether the disk is full: df "+filepath.Dir(packed))
		}
	}
	span.Done(where)
	finish()
	fmt.Fprintln(c.App.Writer, where)
	return nil
}

func lines(texts []string) []byte {
	var all []byte
	for _, text := range texts {
		all = append(all, text+"\n"...)
	}
	return all
}
