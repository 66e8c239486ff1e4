// Command bench measures how long it takes until a cluster works, with "kindctl up"
// and with the stock way: kind's library and the CNI's own manifest or chart, both
// with default settings and the same node image, until everything is rolled out.
//
//	go run ./test/bench --cni calico --nodes 1 --runs 1        a first look, in a few minutes
//	go run ./test/bench --nodes 1,3,5,8 -o json >bench.json    everything, in hours
//	go run ./test/bench -o go >bench.txt; benchstat -col /arm bench.txt
//	go run ./test/bench instant --takes 5 --rounds 1           the pool, reset, restore and start; see package instant
//
// Both ways make clusters of their own by turns, one after the other, and remove
// them. The same test shows of both when the cluster works; see package lab. A first
// round warms up and does not count.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/test/bench/compare"
	"github.com/kindctl/kindctl/test/bench/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err == nil {
		return
	}
	if ctx.Err() != nil && !errors.Is(err, context.Canceled) {
		err = errors.Join(context.Canceled, err)
	}
	stop()
	console.Failure(os.Stderr, err, console.Style{})
	os.Exit(int(hint.CodeOf(err)))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	sink := console.New(stderr, console.Style{})
	if len(args) > 0 && args[0] == stockName {
		return makeStock(ctx, args[1:], sink)
	}
	if len(args) > 0 && args[0] == instantName {
		return measureInstant(ctx, args[1:], stdout, stderr, sink)
	}
	o, err := parse(args, stderr)
	if err != nil || o == nil {
		return err
	}
	return o.measure(ctx, stdout, sink)
}

// measure runs the benchmark and writes what it has shown.
func (o *options) measure(ctx context.Context, stdout io.Writer, sink event.Sink) error {
	options := o.lab
	options.Sink = sink
	for _, arm := range o.arms(host.Facts{}) {
		options.Arms = append(options.Arms, arm.Name)
	}
	l, err := lab.Open(ctx, options)
	if err != nil {
		return err
	}
	defer l.Close()
	result, err := compare.Run(ctx, l, compare.Options{
		Arms: o.arms(l.Facts), CNIs: options.CNIs, Nodes: options.Nodes, Images: l.Images, Runs: o.runs, Machine: l.Machine, Sink: sink,
	})
	if len(result.Cases) > 0 && len(result.Cases[0].Runs) > 0 { // also what came before an error
		err = errors.Join(err, o.write(stdout, result, err == nil || hint.ReasonOf(err) == compare.RunsFailed))
	}
	return err
}

// write prints the result and, if it is whole, writes the document.
func (o *options) write(stdout io.Writer, result *compare.Result, whole bool) error {
	switch o.output {
	case "json":
		if err := report.JSON(stdout, result); err != nil {
			return err
		}
	case "go":
		writeGo(stdout, result)
	default:
		writeTable(stdout, result)
	}
	if o.document == "" || !whole {
		return nil
	}
	page, err := readPage(o.document)
	if err != nil {
		return err
	}
	return os.WriteFile(o.document, []byte(putInto(page, result)), 0o644)
}

// readPage reads the page that the tables go into, which need not be there, and
// makes sure that it can be written: else that would be known hours later.
func readPage(path string) (string, error) {
	page, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = os.Stat(filepath.Dir(path))
	} else if err == nil {
		var file *os.File
		if file, err = os.OpenFile(path, os.O_WRONLY, 0); err == nil {
			err = file.Close()
		}
	}
	if err != nil {
		return "", hint.Wrap(err, hint.Usage, "DOCUMENT_UNWRITABLE", fmt.Sprintf("the document %s cannot be written", path),
			"correct the permissions, or name another file")
	}
	return string(page), nil
}
