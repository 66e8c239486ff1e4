package incidents

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/faults"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// recordFile is on each control plane, in the part of a node that snapshots save and resets
// replace, so that it always belongs to the state that the cluster is in.
const recordFile = "/var/lib/kindctl/state"

// recordFormat is the format of the record; another one is refused.
const recordFormat = 1

// Record is what was broken in a cluster, what heals it, and what has been seen since.
type Record struct {
	Format  int
	Version string // of the kindctl that wrote it
	Seed    uint64
	// Began is when the injection was about to begin, and Ready when the cluster was seen to
	// be broken as intended; the zero time is one that was interrupted.
	Began, Ready time.Time
	// ControlPlane, Worker and Other are the nodes that stood for these as it was broken.
	ControlPlane, Worker, Other string
	// Shop says that the shop was deployed for it.
	Shop      bool
	Incidents []Incident
	// Red are the checks that did not pass when it was ready.
	Red []string
	// Verifications counts those of all checks since; Green is when the first one passed.
	Verifications int
	Green         time.Time
	// Others are checks that failed since and are of no incident.
	Others []string
	// Revealed is when someone had it revealed.
	Revealed time.Time
}

// Incident is one of a record.
type Incident struct {
	ID   string
	Undo faults.Undo
	// Hints counts those that were taken.
	Hints int
}

// Hints is how many were taken of all.
func (r Record) Hints() (taken int) {
	for _, i := range r.Incidents {
		taken += i.Hints
	}
	return taken
}

// checks are those that find the incidents.
func (r Record) checks() (ids []string) {
	for _, i := range r.Incidents {
		if f, known := faults.Find(i.ID); known {
			ids = append(ids, f.Check)
		}
	}
	return ids
}

// Note adds a verification of all checks.
func (r *Record) Note(report verify.Report, at time.Time) {
	r.Verifications++
	green := report.Passed()
	own := r.checks()
	seen := map[string]bool{}
	for _, result := range report.Results {
		is := slices.Contains(own, result.ID)
		seen[result.ID] = true
		switch {
		case is && result.Outcome != verify.Pass && result.Outcome != verify.Skip:
			green = false
		case !is && result.Outcome == verify.Fail && !slices.Contains(r.Red, result.ID) && !slices.Contains(r.Others, result.ID):
			r.Others = append(r.Others, result.ID)
		}
	}
	for _, id := range own { // those of the shop are gone with the shop
		green = green && seen[id]
	}
	if green && r.Green.IsZero() {
		r.Green = at
	}
}

// Read returns the record of a cluster, or nil when nothing was broken in it.
func Read(ctx context.Context, nodes []*provider.Node) (*Record, error) {
	for _, n := range controlPlanes(nodes) {
		sealed, err := n.ReadFile(ctx, recordFile)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		r, err := unseal(sealed)
		if err == nil && r.Format != recordFormat {
			err = fmt.Errorf("its format is %d, and this kindctl reads %d", r.Format, recordFormat)
		}
		if err != nil {
			return nil, hint.BreakUnreadable.Wrap(err, "the record of what was broken cannot be read", "use the kindctl that broke the cluster, or reset or recreate it")
		}
		return r, nil
	}
	return nil, nil
}

// write seals the record into all control planes.
func (r *Record) write(ctx context.Context, nodes []*provider.Node) error {
	sealed, err := r.seal()
	if err != nil {
		return err
	}
	return onAll(ctx, nodes, func(ctx context.Context, n *provider.Node) error {
		return n.WriteFiles(ctx, provider.File{Path: recordFile, Mode: 0o600, Content: sealed})
	})
}

// forget removes the record.
func forget(ctx context.Context, nodes []*provider.Node) error {
	return onAll(ctx, nodes, func(ctx context.Context, n *provider.Node) error {
		_, err := n.Output(ctx, "rm", "-f", recordFile)
		return err
	})
}

func onAll(ctx context.Context, nodes []*provider.Node, do func(context.Context, *provider.Node) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, n := range controlPlanes(nodes) {
		group.Go(func() error { return do(ctx, n) })
	}
	return group.Wait()
}

func controlPlanes(nodes []*provider.Node) []*provider.Node {
	return slices.DeleteFunc(slices.Clone(nodes), func(n *provider.Node) bool { return n.Role != clusters.ControlPlane })
}

// The seal keeps a record from being read in passing: by someone who looks through the files of a
// node, or through a bundle of them. It is no secret, as the key is here.
func cipherOf() (cipher.AEAD, error) {
	key := sha256.Sum256([]byte("kindctl break"))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (r *Record) seal() ([]byte, error) {
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	if err := errors.Join(json.NewEncoder(zipped).Encode(r), zipped.Close()); err != nil {
		return nil, err
	}
	aead, err := cipherOf()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // it never fails
	return aead.Seal(nonce, nonce, packed.Bytes(), nil), nil
}

func unseal(sealed []byte) (*Record, error) {
	aead, err := cipherOf()
	if err != nil {
		return nil, err
	}
	if len(sealed) < aead.NonceSize() {
		return nil, io.ErrUnexpectedEOF
	}
	packed, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], nil)
	if err != nil {
		return nil, err
	}
	zipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	var r Record
	return &r, json.NewDecoder(zipped).Decode(&r)
}
