package provider

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kind/pkg/cluster/constants"

	"github.com/kindctl/kindctl/pkg/hint"
)

// whole returns an error that names the containers which a cluster has lost.
// known are those that it was made of, if its nodes remember; if not, a gap in
// kind's numbers tells. Before several control planes there is a load balancer.
func whole(cluster string, members []*member, known []string) error {
	there := map[string]bool{}
	counts := map[string]int{constants.ControlPlaneNodeRoleValue: 1}
	for _, m := range members {
		there[m.name] = true
		counts[m.role] = max(counts[m.role], numberOf(m.name, cluster+"-"+m.role))
	}
	expected := slices.Clone(known)
	if len(known) == 0 {
		for role, last := range counts {
			for i := 1; i <= last; i++ {
				expected = append(expected, NodeName(cluster, role, i))
			}
		}
	}
	if counts[constants.ControlPlaneNodeRoleValue] > 1 {
		expected = append(expected, NodeName(cluster, constants.ExternalLoadBalancerNodeRoleValue, 1))
	}
	expected = slices.DeleteFunc(expected, func(name string) bool { return there[name] })
	slices.Sort(expected)
	lost := slices.Compact(expected)
	if len(lost) == 0 {
		return nil
	}
	return hint.NodeLost.New(fmt.Sprintf("cluster %s has lost %s: removed, and with it what was on it; nothing was started", cluster, strings.Join(lost, ", ")),
		fmt.Sprintf("recreate it: kindctl down -n %s && kindctl up -n %s", cluster, cluster))
}

// NodeName is what kind calls the containers of a role: the first one has no
// number (kind v0.33.0, pkg/cluster/internal/providers/common/namer.go).
func NodeName(cluster, role string, number int) string {
	name := cluster + "-" + role
	if number > 1 {
		name += strconv.Itoa(number)
	}
	return name
}

// numberOf is the number in a container's name, 0 for one that kind did not name.
func numberOf(name, first string) int {
	suffix, is := strings.CutPrefix(name, first)
	if !is {
		return 0
	}
	if suffix == "" {
		return 1
	}
	number, err := strconv.Atoi(suffix)
	if err != nil || number < 2 {
		return 0
	}
	return number
}
