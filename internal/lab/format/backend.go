package format

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Backend is the machine that a scenario is made for, by its imageid.
type Backend struct {
	// ImageID is Killercoda's name of it.
	ImageID string
	// Workers is the number of nodes beside the control plane.
	Workers int
	// K3s says that the scenario expects K3s instead of kubeadm's cluster.
	K3s bool
}

// The hosts of a lab, as scripts name them.
const (
	ControlPlane = "controlplane"
	Worker       = "node01"
)

// Hosts are the names of the lab's machines, in Killercoda's order: host 1 is the first.
func (b Backend) Hosts() []string { return []string{ControlPlane, Worker}[:b.Workers+1] }

// String says which cluster the lab gets.
func (b Backend) String() string {
	if b.Workers == 0 {
		return "1 control plane, which takes pods"
	}
	return "1 control plane, 1 worker"
}

// kubernetesImage is the imageid of a cluster, with what Killercoda has appended over time: a
// faster change to new versions, or an older Ubuntu.
var kubernetesImage = regexp.MustCompile(`^kubernetes-(kubeadm|k3s)-([12])nodes?(-rapid)?(-ubuntu[0-9.]+)?(-[0-9]+GB)?$`)

// ImageIDs are those that labs are run for, in their short forms.
var ImageIDs = []string{"kubernetes-kubeadm-1node", "kubernetes-kubeadm-2nodes", "kubernetes-k3s-1node", "kubernetes-k3s-2nodes"}

// ParseBackend reads an imageid.
func ParseBackend(imageID string) (Backend, error) {
	parts := kubernetesImage.FindStringSubmatch(imageID)
	advice := "use one of " + strings.Join(ImageIDs, ", ")
	if parts == nil && strings.HasPrefix(imageID, "ubuntu") {
		return Backend{}, hint.LabBackend.New(fmt.Sprintf("%s is a machine without Kubernetes, and kindctl runs labs on clusters", imageID),
			"to run the lab on a cluster of one node nevertheless: --backend "+ImageIDs[0])
	}
	if parts == nil {
		return Backend{}, hint.LabBackend.New(fmt.Sprintf("there is no backend %q%s", imageID, hint.Nearest(imageID, ImageIDs)), advice)
	}
	return Backend{ImageID: imageID, Workers: int(parts[2][0] - '1'), K3s: parts[1] == "k3s"}, nil
}
