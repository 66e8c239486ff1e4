package provider

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Context is the kubeconfig context of a cluster.
func Context(name string) string { return "kind-" + name }

// Kubeconfig returns a cluster's kubeconfig with the address that works for this
// process, or with internal set the one that works on the clusters' network. A process
// in a container of the same Docker is connected to that network.
func (c Cluster) Kubeconfig(ctx context.Context, internal bool) (string, error) {
	if !internal {
		var err error
		if internal, err = c.reach(ctx); err != nil {
			return "", err
		}
	}
	return silent().KubeConfig(c.Name, internal)
}

// MergeKubeconfig adds a cluster's context to the user's kubeconfig, under the
// lock that kubectl uses too, and makes it the current one unless keep says to leave
// the one that is. Other entries stay.
func (c Cluster) MergeKubeconfig(ctx context.Context, path string, keep bool) error {
	if keep {
		return c.mergeKeeping(ctx, path)
	}
	internal, err := c.reach(ctx)
	if err != nil {
		return err
	}
	return explain(unlocked(ctx, func() error { return silent().ExportKubeConfig(c.Name, path, internal) }))
}

// CheckKubeconfig returns an error with advice when the user's kubeconfig could
// not be changed later: unreadable, not writable, broken or locked. An empty
// path means KUBECONFIG or the default file.
func CheckKubeconfig(ctx context.Context, path string) error {
	if path == "" {
		path = clientcmd.NewDefaultPathOptions().GetDefaultFilename()
	}
	if err := unlocked(ctx, func() error {
		if _, err := os.Lstat(path + ".lock"); err == nil {
			return &fs.PathError{Op: "lock", Path: path + ".lock", Err: fs.ErrExist}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := checkDirectory(filepath.Dir(path)); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return hint.KubeconfigUnwritable.Wrap(err, "the kubeconfig cannot be changed", "correct its permissions, or name another one with --kubeconfig")
	}
	defer file.Close()
	if _, err := clientcmd.LoadFromFile(path); err != nil {
		return hint.KubeconfigBroken.Wrap(err, path+" is not a kubeconfig", "repair it, or name another one with --kubeconfig")
	}
	return nil
}

// checkDirectory looks whether the lock, and a kubeconfig that is not there
// yet, can be made: the nearest directory that exists must be writable.
func checkDirectory(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir):
		return checkDirectory(filepath.Dir(dir))
	case err == nil && !info.IsDir():
		err = syscall.ENOTDIR
	case err == nil:
		err = mayWriteIn(dir)
	}
	if err == nil {
		return nil
	}
	return hint.KubeconfigUnwritable.Wrap(err, "no kubeconfig can be written in "+dir, "correct its permissions, or name another one with --kubeconfig")
}

const (
	lockPatience = 5 * time.Second // others hold the lock for milliseconds
	lockInterval = 100 * time.Millisecond
)

// unlocked repeats what found a kubeconfig locked until it does not. A lock is
// a file that kind and kubectl make and never wait for.
func unlocked(ctx context.Context, change func() error) error {
	ticker := time.NewTicker(lockInterval)
	defer ticker.Stop()
	for begin := time.Now(); ; {
		err := change()
		var locked *fs.PathError
		if !errors.As(err, &locked) || !errors.Is(locked, fs.ErrExist) {
			return err
		}
		if time.Since(begin) > lockPatience {
			return hint.KubeconfigLocked.Wrap(err, "the kubeconfig stays locked",
				fmt.Sprintf("another command is changing it; if none is, a killed one left the lock: rm %s", locked.Path))
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}
