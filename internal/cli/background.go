package cli

import (
	"os"
	"os/exec"
	"path/filepath"
)

// maxFillLog is how large the log of fills may grow, in bytes, before a new one is begun.
const maxFillLog = 1 << 20

// startFill starts a kindctl that fills the pool and outlives this one. What it says is added to
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
	log, err := openFillLog(filepath.Join(cache, "kindctl"))
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

// openFillLog opens the log for adding. One that is too large is kept under another name,
// where a fill that is at work still writes to it.
func openFillLog(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "pool-fill.log")
	if info, err := os.Stat(path); err == nil && info.Size() > maxFillLog {
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}
