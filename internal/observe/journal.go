package observe

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/kindctl/kindctl/internal/timeline"
)

// The messages by which systemd says what it does (systemd v252,
// src/systemd/sd-messages.h). In a container its own start ends with that of
// user managers.
const (
	unitStarting = "7d4958e842da4a758f6c1cdc7b36dcc5"
	unitStarted  = "39f53479d3a045ac8e11786248231fbf"
	booted       = "b07a249cd024414a82dd00cd181378ff"
	bootedInside = "eed00a68ffd84e31882105fd973abdd1"
)

// question asks a node's journal for those messages.
var question = []string{"journalctl", "--no-pager", "--quiet", "--output=json", "--output-fields=MESSAGE_ID,UNIT,USERSPACE_USEC",
	"MESSAGE_ID=" + unitStarting, "MESSAGE_ID=" + unitStarted, "UNIT=containerd.service", "UNIT=kubelet.service", "+",
	"MESSAGE_ID=" + booted, "MESSAGE_ID=" + bootedInside}

// askNodes asks Docker when containers started, and their journals for the rest.
func (o *Observer) askNodes(ctx context.Context) error {
	docker, err := o.docker.Open(ctx)
	if err != nil {
		return err
	}
	nodes, err := docker.Cluster(o.cluster).Nodes(ctx)
	if err != nil {
		return err
	}
	problems := make([]error, len(nodes))
	var group sync.WaitGroup
	for i, node := range nodes {
		group.Go(func() {
			var journal []byte
			if node.HasKubelet() && node.Running() {
				journal, problems[i] = node.Output(ctx, question...)
			}
			o.notes.mu.Lock()
			defer o.notes.mu.Unlock()
			known := o.notes.node(node.Name)
			known.Container = timeline.Moment{Time: node.Started}
			if err := recall(known, journal); err != nil && problems[i] == nil {
				problems[i] = fmt.Errorf("%s: %w", node.Name, err)
			}
		})
	}
	group.Wait()
	return errors.Join(problems...)
}

// recall notes what a journal remembers of a node's start: lines of JSON, the
// oldest first. Of what happened again, such as a restart, the first time counts.
func recall(node *timeline.NodeFacts, journal []byte) error {
	for lines := bufio.NewScanner(bytes.NewReader(journal)); lines.Scan(); {
		var entry struct {
			Time      string `json:"__REALTIME_TIMESTAMP"`
			Message   string `json:"MESSAGE_ID"`
			Unit      string `json:"UNIT"`
			Userspace string `json:"USERSPACE_USEC"`
		}
		if err := json.Unmarshal(lines.Bytes(), &entry); err != nil {
			return fmt.Errorf("the journal says %q", lines.Text())
		}
		at, err := strconv.ParseInt(entry.Time, 10, 64)
		if err != nil {
			return fmt.Errorf("the journal has no time in %q", lines.Text())
		}
		first := func(known *timeline.Moment) {
			if known.IsZero() {
				known.Time = time.UnixMicro(at)
			}
		}
		switch {
		case entry.Message == booted, entry.Message == bootedInside:
			first(&node.Booted)
			if took, err := strconv.ParseInt(entry.Userspace, 10, 64); err == nil && node.Systemd.IsZero() {
				node.Systemd.Time = time.UnixMicro(at - took)
			}
		case entry.Unit == "containerd.service" && entry.Message == unitStarting:
			first(&node.Containerd)
		case entry.Unit == "containerd.service":
			first(&node.Runtime)
		case entry.Message == unitStarted:
			first(&node.Kubelet)
		}
	}
	return nil
}
