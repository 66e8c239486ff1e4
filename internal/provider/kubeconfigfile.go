package provider

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/pkg/hint"
)

// KubeconfigFiles are the files that a user's kubeconfig is made of: path, or
// else what KUBECONFIG lists, or else the default file. They are absolute, and
// not all of them need be there.
func KubeconfigFiles(path string) (files []string) {
	listed := []string{path}
	if path == "" {
		listed = clientcmd.NewDefaultPathOptions().GetLoadingPrecedence()
	}
	for _, file := range listed {
		if absolute, err := filepath.Abs(file); err == nil && file != "" && !slices.Contains(files, absolute) {
			files = append(files, absolute)
		}
	}
	if len(files) == 0 { // KUBECONFIG lists nothing
		return []string{clientcmd.RecommendedHomeFile}
	}
	return files
}

// KubeconfigTarget is the one of these files that gets a new context: the first that
// is there, or else the last (kind v0.33.0,
// pkg/cluster/internal/kubeconfig/internal/kubeconfig/paths.go).
func KubeconfigTarget(path string) string {
	files := KubeconfigFiles(path)
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && !info.IsDir() {
			return file
		}
	}
	return files[len(files)-1]
}

// KubeconfigEntry reports whether a kubeconfig has anything of a cluster, and at which port
// it has its API server. A file that is not there has nothing.
func KubeconfigEntry(file, name string) (port string, has bool, err error) {
	config, err := clientcmd.LoadFromFile(file)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", false, nil
		}
		return "", false, fmt.Errorf("%s: %w", file, err)
	}
	key := Context(name)
	if cluster := config.Clusters[key]; cluster != nil {
		if server, err := url.Parse(cluster.Server); err == nil {
			port = server.Port()
		}
		return port, true, nil
	}
	return "", config.Contexts[key] != nil || config.AuthInfos[key] != nil, nil
}

// CheckKubeconfig returns an error with advice when the user's kubeconfig could
// not be changed later: unreadable, not writable, broken or locked. An empty
// path means KUBECONFIG or the default file.
func CheckKubeconfig(ctx context.Context, path string) error {
	if path == "" {
		path = clientcmd.NewDefaultPathOptions().GetDefaultFilename()
	}
	if err := retryLocked(ctx, func() error {
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
		return checkLink(path)
	}
	if err != nil {
		return hint.KubeconfigUnwritable.Wrap(err, "the kubeconfig cannot be changed",
			"correct its permissions, or name another one with --kubeconfig")
	}
	defer file.Close()
	if _, err := clientcmd.LoadFromFile(path); err != nil {
		return hint.KubeconfigBroken.Wrap(err, path+" is not a kubeconfig", "repair it, or name another one with --kubeconfig")
	}
	return nil
}

// checkLink looks whether the file that a symbolic link names can be made; a path that is
// no link is in order.
func checkLink(path string) error {
	target, err := os.Readlink(path)
	if err != nil {
		return nil // it is not there at all
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(path), target)
	}
	if _, err := os.Stat(filepath.Dir(target)); err != nil {
		return hint.KubeconfigUnwritable.Wrap(err, "the kubeconfig "+path+" is a link to "+target+", whose directory does not exist",
			"create the directory, or name another file with --kubeconfig")
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
		err = checkWritable(dir)
	}
	if err == nil {
		return nil
	}
	return hint.KubeconfigUnwritable.Wrap(err, "no kubeconfig can be written in "+dir,
		"correct its permissions, or name another one with --kubeconfig")
}

const (
	lockTimeout = 5 * time.Second // others hold the lock for milliseconds
	lockRetry   = 100 * time.Millisecond
)

// retryLocked repeats what found a kubeconfig locked until it does not. A lock is
// a file that kind and kubectl make and never wait for.
func retryLocked(ctx context.Context, change func() error) error {
	ticker := time.NewTicker(lockRetry)
	defer ticker.Stop()
	for begin := time.Now(); ; {
		err := change()
		var locked *fs.PathError
		if !errors.As(err, &locked) || !errors.Is(locked, fs.ErrExist) {
			return err
		}
		if time.Since(begin) > lockTimeout {
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

// changeFile changes a kubeconfig under the lock that kubectl uses, and leaves what
// client-go does not know. One that is not there is empty; it is written only when change
// says so.
func changeFile(ctx context.Context, file string, change func(kubeconfig) bool) error {
	return rewrite(ctx, file, func(data []byte) ([]byte, error) {
		config := kubeconfig{}
		if err := yaml.Unmarshal(data, &config); err != nil {
			return nil, err
		}
		if config == nil { // a document without anything
			config = kubeconfig{}
		}
		if !change(config) {
			return nil, nil
		}
		if len(config) == 0 {
			return []byte{}, nil
		}
		return yaml.Marshal(config)
	})
}

// rewrite changes the content of a kubeconfig, which is empty where there is no file,
// under its lock. Nil is no change.
func rewrite(ctx context.Context, file string, change func([]byte) ([]byte, error)) error {
	return retryLocked(ctx, func() (err error) {
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			return err
		}
		lock, err := os.OpenFile(file+".lock", os.O_CREATE|os.O_EXCL, 0)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, lock.Close(), os.Remove(lock.Name())) }()
		data, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		changed, err := change(data)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if changed == nil {
			return nil
		}
		return os.WriteFile(file, changed, 0o600)
	})
}
