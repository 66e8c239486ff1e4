package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestFillLog wants what earlier fills have said to stay, as long as it is not too much.
func TestFillLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kindctl", "pool-fill.log")
	write := func(text []byte) {
		t.Helper()
		log, err := openFillLog(path)
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		if _, err := log.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	write([]byte("first\n"))
	write([]byte("second\n"))
	if log, err := os.ReadFile(path); err != nil || string(log) != "first\nsecond\n" {
		t.Errorf("the log is %q (%v)", log, err)
	}
	write(bytes.Repeat([]byte("."), maxFillLog))
	write([]byte("new\n"))
	if log, err := os.ReadFile(path); err != nil || string(log) != "new\n" {
		t.Errorf("after a log that is too large it is %d bytes (%v)", len(log), err)
	}
	if old, err := os.ReadFile(path + ".old"); err != nil || !bytes.HasPrefix(old, []byte("first\n")) {
		t.Errorf("the earlier log is %d bytes (%v)", len(old), err)
	}
}
