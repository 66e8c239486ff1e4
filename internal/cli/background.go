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
	path, err := fillLog()
	if err != nil {
		return err
	}
	log, err := openFillLog(path)
	if err != nil {
		return err
	}
	defer log.Close()
	words := []string{self, "--progress", progressPlain, "pool", "fill", "--" + backgroundFlag}
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

// fillLog is the file that has the output of fills in the background.
func fillLog() (string, error) {
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "kindctl", "pool-fill.log"), err
}

// openFillLog opens the log for adding. One that is too large is kept under another name,
// where a fill that is at work still writes to it.
func openFillLog(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && info.Size() > maxFillLog {
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}
