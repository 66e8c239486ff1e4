// Command clang stands in the compiler's place in the image of Cilium's agent.
// It hands out the objects that were compiled while the image was built, and has
// the compiler make all others.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	compiler = "/usr/lib/llvm-19/bin/clang"
	objects  = "/var/lib/cilium/compiled"
	// journal has a line for each call that compiles: hit or miss, and the
	// arguments. On the node it is in /run/cilium.
	journal = "/var/run/cilium/compiled.log"
	// precompile is a variable of the environment in which objects are made for
	// the image.
	precompile = "KINDCTL_PRECOMPILE"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "clang:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	c, compiles := parse(args)
	if !compiles {
		return replace(args)
	}
	in, err := c.read()
	if err != nil {
		return replace(args) // the compiler says what is missing
	}
	file := filepath.Join(objects, in.key())
	if os.Getenv(precompile) != "" {
		return fill(file, in)
	}
	object, err := os.ReadFile(file)
	if err != nil {
		note("miss", args)
		return replace(args)
	}
	note("hit", args)
	_, err = os.Stdout.Write(in.own(object))
	return err
}

// replace becomes the compiler.
func replace(args []string) error {
	return syscall.Exec(compiler, append([]string{"clang"}, args...), os.Environ())
}

// fill compiles the very text of which the key was made: the masked headers
// replace the agent's. A program that uses what is masked does not compile.
func fill(file string, in inputs) error {
	for name, header := range in.headers {
		if err := os.WriteFile(name, header.masked, 0o644); err != nil {
			return err
		}
	}
	var object bytes.Buffer
	cmd := exec.Command(compiler, in.args...)
	cmd.Stdout, cmd.Stderr = &object, os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	return os.WriteFile(file, object.Bytes(), 0o644)
}

// note appends to the journal, where there is one.
func note(result string, args []string) {
	if log, err := os.OpenFile(journal, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err == nil {
		fmt.Fprintln(log, result, strings.Join(args, " "))
		log.Close()
	}
}
