package diagnose

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/kubernetes"
)

// Limits of a bundle: of one file, of which the end is kept, and of all.
const (
	FileLimit   = 4 << 20
	bundleLimit = 256 << 20
)

// Bundle is a directory that is filled with whatever can be had, side by side.
// What cannot is said and does not keep the rest.
type Bundle struct {
	dir string

	mu       sync.Mutex
	size     int64
	problems []string
}

// NewBundle returns a Bundle for a directory that is there.
func NewBundle(dir string) *Bundle { return &Bundle{dir: dir} }

// Write writes a file without credentials, or says why it cannot.
func (b *Bundle) Write(name string, content []byte) {
	if over := len(content) - FileLimit; over > 0 {
		content = append([]byte(fmt.Sprintf("[%d bytes before this are left out]\n", over)), content[over:]...)
	}
	b.mu.Lock()
	b.size += int64(len(content))
	full := b.size > bundleLimit
	b.mu.Unlock()
	if full {
		b.Problem(name, fmt.Errorf("the bundle has its %d MiB", bundleLimit>>20))
		return
	}
	b.Problem(name, write(filepath.Join(b.dir, filepath.FromSlash(name)), content))
}

// Problem says what could not be had; a nil error is none.
func (b *Bundle) Problem(what string, err error) {
	if err == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problems = append(b.problems, what+": "+string(Redact([]byte(err.Error()))))
}

// Problems are all of them, sorted.
func (b *Bundle) Problems() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(slices.Values(b.problems))
}

// Collect is Collect for a bundle.
func (b *Bundle) Collect(ctx context.Context, client kubernetes.Interface) error {
	return Collect(ctx, client, b.dir)
}

// Part is one source of a bundle.
type Part struct {
	// Name stands before its problem.
	Name string
	// Limit bounds the time that it takes.
	Limit time.Duration
	Fill  func(context.Context, *Bundle) error
}

// Fill fills the bundle with all parts at once. They do not end each other.
func (b *Bundle) Fill(ctx context.Context, parts ...Part) {
	var group errgroup.Group
	for _, part := range parts {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, part.Limit)
			defer cancel()
			b.Problem(part.Name, part.Fill(ctx, b))
			return nil
		})
	}
	_ = group.Wait() // its functions return no errors
}
