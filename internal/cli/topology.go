package cli

import (
	"maps"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/hint"
)

// fieldOf are the flags that stand for fields of a configuration file.
var fieldOf = map[string]string{
	"name": "name", "cni": "cni", "proxy-mode": "proxyMode", "control-planes": "controlPlanes", "workers": "workers",
	"etcd": "etcd", "etcd-members": "etcdMembers", "allow-even-etcd": "allowEvenEtcd",
	"kubernetes-version": "kubernetesVersion", "image": "image", "network": "network",
	"ip-family": "ipFamily", "ttl": "ttl", "fidelity": "fidelity",
}

// topologyFlags are those of clusterFlags that topologyOf reads: which cluster,
// and not how it is made.
func topologyFlags() []cli.Flag {
	return slices.DeleteFunc(clusterFlags(), func(flag cli.Flag) bool {
		name := flag.Names()[0]
		return fieldOf[name] == "" && name != "config" && name != "profile"
	})
}

// topologyOf merges flags over the environment over a configuration file over a
// profile.
func topologyOf(c *cli.Context) (clusters.Topology, error) {
	topology, err := baseTopology(c)
	if err != nil {
		return clusters.Topology{}, err
	}
	return overlaid(c, topology)
}

// overlaid puts flags and the environment over a file or a profile, all but some flags.
func overlaid(c *cli.Context, topology clusters.Topology, except ...string) (clusters.Topology, error) {
	var overrides []clusters.Override
	if topology.Name == "" {
		overrides = append(overrides, clusters.Override{Field: "name", Value: defaultName, From: "default", Flag: true})
	}
	for _, flag := range slices.Sorted(maps.Keys(fieldOf)) {
		if c.IsSet(flag) && !slices.Contains(except, flag) {
			from, onLine := sourceOf(c, flag)
			overrides = append(overrides, clusters.Override{Field: fieldOf[flag], Value: c.Value(flag), From: from, Flag: onLine})
		}
	}
	return topology.Overlay(overrides...)
}

// baseTopology reads the file or the profile. Of the two, a flag's wins over a
// variable's.
func baseTopology(c *cli.Context) (clusters.Topology, error) {
	file, profile := c.String("config"), c.String("profile")
	if file != "" && profile != "" {
		_, fileOnLine := sourceOf(c, "config")
		_, profileOnLine := sourceOf(c, "profile")
		switch {
		case fileOnLine == profileOnLine:
			return clusters.Topology{}, hint.ConfigConflict.New("--config and --profile exclude each other", "leave one of them out")
		case profileOnLine:
			file = ""
		}
	}
	switch {
	case file != "":
		return decodeFile(file)
	case profile != "":
		return clusters.Profile(profile)
	}
	return clusters.Profile(clusters.DefaultProfile)
}

// sourceOf names the flag or the variable that a flag's value comes from, and
// reports whether it is the flag, on the command line. What both say counts as
// the variable's.
func sourceOf(c *cli.Context, name string) (source string, onLine bool) {
	for _, flag := range c.Command.Flags {
		documented, is := flag.(cli.DocGenerationFlag)
		if !is || !slices.Contains(flag.Names(), name) {
			continue
		}
		for _, variable := range documented.GetEnvVars() {
			if text, set := os.LookupEnv(variable); set {
				if means(text, c.Value(name)) {
					return variable, false
				}
				break // the first one counts
			}
		}
	}
	return "--" + name, true
}

// means reports whether a variable's text is a flag's value.
func means(text string, value any) bool {
	switch value := value.(type) {
	case string:
		return text == value
	case int:
		number, err := strconv.ParseInt(text, 0, 64)
		return err == nil && int(number) == value
	case bool:
		parsed, err := strconv.ParseBool(text)
		return err == nil && parsed == value
	case time.Duration:
		parsed, err := time.ParseDuration(text)
		return err == nil && parsed == value
	}
	return false
}
