package cli

import (
	"os"
	"os/exec"
	"path/filepath"
)

// startFill starts a kindctl that fills the pool and outlives this one. What it says is in
// pool-fill.log in kindctl's cache.
func startFill() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	dir := filepath.Join(cache, "kindctl")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(dir, "pool-fill.log"), os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	words := []string{self, "--progress", progressPlain, "pool", "fill", "--low-priority"}
	if nice, err := exec.LookPath("nice"); err == nil {
		words = append([]string{nice, "-n", "19"}, words...)
	}
	command := exec.Command(words[0], words[1:]...)
	command.Stdout, command.Stderr = log, log
	detach(command)
	if err := command.Start(); err != nil {
		return err
	}
	return command.Process.Release()
}
