package cli

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/kindctl/kindctl/clusters"
)

// published says where this machine reaches the ports of nodes, a line each.
func published(t clusters.Topology) string {
	var lines strings.Builder
	for _, node := range t.Each() {
		for _, port := range node.Ports {
			there := fmt.Sprintf("%d/%s of %s", port.ContainerPort, strings.ToLower(port.Proto()), node.Name)
			if port.HostPort > 0 {
				fmt.Fprintf(&lines, "  port        %s is %s\n", net.JoinHostPort(port.Address(), strconv.Itoa(port.HostPort)), there)
			} else {
				fmt.Fprintf(&lines, "  port        a free one is %s: docker port %s\n", there, node.Name)
			}
		}
	}
	return lines.String()
}
