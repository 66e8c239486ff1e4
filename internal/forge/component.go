package forge

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"time"

	"github.com/kindctl/kindctl/pkg/event"
)

// lane is what a component keeps busy. Components of one lane wait for each
// other; those of different lanes run side by side.
type lane int

const (
	compile  lane = iota // the processors
	unpack               // the network, mostly
	assemble             // the disk
	lanes
)

// component is one step of a build. Its result is a folder, and is kept for
// as long as nothing that decides it changes.
type component struct {
	name     string
	title    string
	lane     lane
	needs    []string // the components whose results it reads
	inputs   [][]byte // everything else that decides the result
	estimate time.Duration
	build    func(context.Context, *work) error
}

// work is what a component's build function is given.
type work struct {
	dir   string            // an empty folder for the result
	needs map[string]string // the folders of what it needs
	span  *event.Span
	sink  event.Sink
}

func (w *work) progress(message string, completed, total int64) {
	w.span.Progress(message, completed, total)
}

// path returns a file in the result of the component need.
func (w *work) path(need string, elements ...string) string {
	dir, ok := w.needs[need]
	if !ok {
		panic("component does not declare that it needs " + need)
	}
	return filepath.Join(append([]string{dir}, elements...)...)
}

// graph is a set of components in the order in which they are preferred.
type graph []component

func (g graph) find(name string) component {
	for _, c := range g {
		if c.name == name {
			return c
		}
	}
	panic("no component is called " + name)
}

// keys returns the hash of the inputs of each component and of everything it
// needs, directly or not.
func (g graph) keys() map[string]string {
	keys := map[string]string{}
	var key func(name string) string
	key = func(name string) string {
		if known, ok := keys[name]; ok {
			if known == "" {
				panic(fmt.Sprintf("component %s needs itself", name))
			}
			return known
		}
		keys[name] = ""
		c := g.find(name)
		inputs := append([][]byte{[]byte(c.name)}, c.inputs...)
		for _, need := range c.needs {
			inputs = append(inputs, []byte(key(need)))
		}
		keys[name] = digest(inputs)
		return keys[name]
	}
	for _, c := range g {
		key(c.name)
	}
	return keys
}

// digest hashes a list so that no two lists of different elements agree.
func digest(inputs [][]byte) string {
	hash := sha256.New()
	for _, input := range inputs {
		_ = binary.Write(hash, binary.BigEndian, uint64(len(input)))
		hash.Write(input)
	}
	return hex.EncodeToString(hash.Sum(nil))[:keyLength]
}

// keyLength is the number of hexadecimal digits of a key: 64 bits, far more
// than the few hundred components that a machine ever builds.
const keyLength = 16
