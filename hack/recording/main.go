// Command recording runs a command and draws what it prints as an animated SVG, for
// the README. It plays faster than the command ran; the times in the text stay true.
//
//	go run ./hack/recording -o docs/up.svg -- bin/kindctl up --cni cilium
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	out := flag.String("o", "", "`FILE` to write")
	flag.Parse()
	if *out == "" || flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: recording -o FILE -- COMMAND [ARGUMENT...]")
		os.Exit(2)
	}
	if err := run(*out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(out string, command []string) error {
	lines, err := record(command)
	if err != nil {
		return err
	}
	prompt := "$ " + strings.Join(append([]string{filepath.Base(command[0])}, command[1:]...), " ")
	return os.WriteFile(out, draw(prompt, lines), 0o644)
}

// line is what a command printed, and how long after its start.
type line struct {
	at   time.Duration
	text string
}

// record runs a command, shows what it prints, and returns it.
func record(command []string) (lines []line, err error) {
	reader, writer := io.Pipe()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = writer, writer
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { writer.CloseWithError(cmd.Wait()) }() // without an error, that is io.EOF
	scanner := bufio.NewScanner(reader)
	for scanner.Scan() {
		fmt.Println(scanner.Text())
		if !strings.HasPrefix(scanner.Text(), "- ") { // a terminal does not show what is skipped
			lines = append(lines, line{time.Since(start), scanner.Text()})
		}
	}
	return lines, scanner.Err()
}
