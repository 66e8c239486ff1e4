package main

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/fsnotify/fsnotify"
)

// watchFiles returns a channel that gets a value after one of the files was
// written or replaced. Folders are watched, because a file moved into place
// is another file. Changes that come while one is pending are one change.
func watchFiles(ctx context.Context, paths ...string) (<-chan struct{}, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	for i, path := range paths {
		paths[i] = filepath.Clean(path)
		if err := watcher.Add(filepath.Dir(path)); err != nil {
			_ = watcher.Close()
			return nil, err
		}
	}
	changes := make(chan struct{}, 1)
	go func() {
		defer watcher.Close()
		for {
			select {
			case <-ctx.Done():
				return
			case event := <-watcher.Events:
				if !slices.Contains(paths, filepath.Clean(event.Name)) {
					continue
				}
			case <-watcher.Errors: // events were lost: look at the files
			}
			select {
			case changes <- struct{}{}:
			default:
			}
		}
	}()
	return changes, nil
}
