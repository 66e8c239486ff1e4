package host

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Needs are what a cluster asks of the host.
type Needs struct {
	Features []Need
	Port     int // of the API server, that must be free on the host; 0 is none
	Nodes    int
	// Ports must be free, and Mounts be there: absolute paths.
	Ports  []Port
	Mounts []string
	Limits []Limit
	// Folders must not hold the state of an older node.
	Folders []Folder
	// Ignored are the IDs of findings that are not to be fatal, or IgnoreAll.
	Ignored []string
	// PathsBegin is the folder in which the configuration's relative paths begin; ""
	// is unknown.
	PathsBegin string
	// Address is that of this machine at which the API server can be reached; the
	// zero value is the loopback address.
	Address netip.Addr
	// Places are where a configuration file asks for something, FILE:LINE, by what it
	// is: a path of Mounts, one of Ports as text, APIServerPort or APIServerAddress.
	Places map[string]string
}

// What Needs.Places have besides.
const (
	APIServerPort    = "apiServerPort"
	APIServerAddress = "apiServerAddress"
)

// at is what a complaint begins with: where the configuration asks for it.
func (n Needs) at(what string) string {
	if place := n.Places[what]; place != "" {
		return place + ": "
	}
	return ""
}

// IgnoreAll in Needs.Ignored is every finding.
const IgnoreAll = "all"

// Need is a kernel feature, and what it is for.
type Need struct {
	Feature Feature
	For     string
	// Optional says that the cluster does without; something else that could be
	// asked for does not.
	Optional bool
}

// Refuse returns one error that names everything the host cannot do, with the
// way out, or nil.
func (f Facts) Refuse(needs Needs) error {
	var problems, advice []string
	for _, finding := range f.Findings(needs) {
		if finding.State == Fatal {
			problems, advice = append(problems, finding.text()), append(advice, finding.Fix)
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return hint.HostUnfit.New(strings.Join(problems, "\n"), strings.Join(advice, "; "))
}

// Warnings are what may become a problem for a cluster, with the way out.
func (f Facts) Warnings(needs Needs) (warnings []string) {
	for _, finding := range f.Findings(needs) {
		if finding.State == Warning {
			warnings = append(warnings, finding.text()+"; "+finding.Fix)
		}
	}
	return warnings
}

// port looks whether the API server's port is free.
func (f Facts) port(needs Needs) []Finding {
	if needs.Port != 0 && f.Contained {
		return f.unknown("port", fmt.Sprintf("whether port %d is free for the API server", needs.Port))
	}
	finding := Finding{ID: "port", State: OK, Observed: "the API server takes any port that is free"}
	if needs.Port != 0 {
		finding.Observed = fmt.Sprintf("port %d is free for the API server", needs.Port)
		if inUse(needs.Port) {
			finding = Finding{ID: "port", State: Fatal, Observed: needs.at(APIServerPort) + fmt.Sprintf("port %d is in use", needs.Port), Effect: "the API server cannot be published there",
				Fix: fmt.Sprintf("choose another apiServerPort, or 0 for a free one; who has it: sudo ss -ltnp sport = :%d", needs.Port)}
		}
	}
	if needs.Address.IsValid() && f.Local {
		if errors.Is(listen(Port{needs.Address, 0, "TCP"}), syscall.EADDRNOTAVAIL) {
			finding = Finding{ID: "port", State: Fatal, Observed: needs.at(APIServerAddress) + fmt.Sprintf("this machine has no address %s", needs.Address), Effect: "the API server cannot be published there",
				Fix: "write an address of this machine as apiServerAddress: ip -brief address; 0.0.0.0 is all of them"}
		}
	}
	return []Finding{finding}
}

// inUse tries to listen. That a port is only for root does not matter: Docker
// will open it.
func inUse(port int) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err == nil {
		listener.Close()
	}
	return errors.Is(err, syscall.EADDRINUSE)
}
