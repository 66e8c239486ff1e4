package network

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

func mtuCheck() verify.Check {
	return verify.Check{
		ID: "net.mtu", Nodes: verify.AllNodes, Group: groupNetwork, Title: "Large messages pass between nodes",
		Proves: fmt.Sprintf("A pod on every node sends %d KiB to the pod on every other node and receives them back. If the pod network assumes larger packets than the nodes' network carries, small messages get through and large ones are lost. %s", largeMessage>>10, probe.SampleNote),
		Hint:   "compare the MTU of the pods' devices with that of the nodes', less the tunnel's header (50 bytes for VXLAN): docker exec NODE ip link",
		Needs:  []string{"net.pods"},
		Rights: probe.RightsOfFleet,
		Slow:   true, Timeout: 15 * time.Second, Skip: oneNodeOnly, Run: largeMessagesCross,
	}
}

// largeMessage is many times what one packet carries, in bytes.
const largeMessage = 64 << 10

// oneNodeOnly is the reason to skip what needs a second node.
func oneNodeOnly(t *verify.Target) string {
	if t.Expect.Nodes() < 2 {
		return "there is only one node"
	}
	return verify.WithoutCNI(t)
}

func largeMessagesCross(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	probes, err := probe.Of(t).Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	message := strings.Repeat("m", largeMessage)
	var requests []probeRequest
	for _, p := range probe.Pairs(probes, probes) {
		if p.From.Node == p.To.Node {
			continue
		}
		for _, to := range p.To.PerAddress() {
			requests = append(requests, probeRequest{from: p.From, to: to.Node, protocol: "http", host: to.IP,
				port: to.HTTPPort, request: "echo?msg=" + message, evaluate: cameBack(message)})
		}
	}
	return trySample(ctx, len(probes), requests)
}

// cameBack wants the message itself, whole, and keeps it out of the cause.
func cameBack(message string) func(answers, failures []string) string {
	return func(answers, failures []string) string {
		switch {
		case len(failures) > 0:
			return fmt.Sprintf("%d bytes: %s", len(message), strings.ReplaceAll(failures[0], message, "..."))
		case len(answers) == 0 || answers[0] != message:
			return fmt.Sprintf("of %d bytes other bytes came back", len(message))
		}
		return ""
	}
}
