package cilium

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// status is what is needed of "cilium-dbg status -o json" (StatusResponse in
// Cilium's API v1).
type status struct {
	Cilium      struct{ State, Msg string }
	Controllers []struct {
		Name   string
		Status struct {
			ConsecutiveFailureCount int    `json:"consecutive-failure-count"`
			LastFailureMessage      string `json:"last-failure-msg"`
		}
	}
	KubeProxyReplacement struct{ Mode string } `json:"kube-proxy-replacement"`
}

// steadyFailures is how often in a row a controller must have failed to count
// as broken; one failure is normal while a cluster settles.
const steadyFailures = 2

func checkStatus(out string) (seen string, err error) {
	var s status
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		return "", fmt.Errorf("its status cannot be read: %w", err)
	}
	if s.Cilium.State != "Ok" {
		return "", fmt.Errorf("the agent is %q: %s", s.Cilium.State, s.Cilium.Msg)
	}
	for _, c := range s.Controllers {
		if c.Status.ConsecutiveFailureCount >= steadyFailures {
			return "", fmt.Errorf("controller %s failed %d times: %s", c.Name, c.Status.ConsecutiveFailureCount, c.Status.LastFailureMessage)
		}
	}
	return fmt.Sprintf("the agent is Ok, %d controllers are well", len(s.Controllers)), nil
}

// endpoint is what is needed of "cilium-dbg endpoint list -o json".
type endpoint struct {
	ID     int
	Status struct {
		State      string
		Networking struct {
			Addressing []struct{ IPv4 string }
		}
	}
}

// leaving are the states of endpoints whose pod is gone.
var leaving = map[string]bool{"disconnecting": true, "disconnected": true}

// checkEndpoints wants every endpoint ready. The agent has at least one of its
// own, for the node.
func checkEndpoints(out string) (seen string, err error) {
	var endpoints []endpoint
	if err := json.Unmarshal([]byte(out), &endpoints); err != nil {
		return "", fmt.Errorf("its endpoints cannot be read: %w", err)
	}
	ready := 0
	for _, e := range endpoints {
		switch state := e.Status.State; {
		case state == "ready":
			ready++
		case !leaving[state]:
			return "", fmt.Errorf("endpoint %d %v is %q", e.ID, e.Status.Networking.Addressing, state)
		}
	}
	if ready == 0 {
		return "", errors.New("it has no endpoint")
	}
	return fmt.Sprintf("%d endpoints are ready", ready), nil
}

func checkReplacement(out string) (seen string, err error) {
	var s status
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		return "", fmt.Errorf("its status cannot be read: %w", err)
	}
	if mode := s.KubeProxyReplacement.Mode; mode != "True" {
		return "", fmt.Errorf("kube-proxy replacement is %q", mode)
	}
	return "kube-proxy replacement is True", nil
}

func checkRules(out string) (seen string, err error) {
	if strings.Contains(out, "KUBE-SVC-") {
		return "", errors.New("iptables has rules of kube-proxy (KUBE-SVC-...)")
	}
	return "iptables has no rules of kube-proxy", nil
}
