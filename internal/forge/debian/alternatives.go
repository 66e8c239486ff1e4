package debian

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// choice is a command with several implementations: what update-alternatives
// keeps as one group.
type choice struct {
	name string // of the group, and of the command in dir
	dir  string
	// options are implementations by falling priority; the first one is set.
	options []option
	// suffixes of the commands that follow the main one, such as "-save".
	suffixes []string
}

type option struct {
	name     string
	priority int
}

// choices are the groups that the scripts of the packages in use register.
var choices = []choice{
	{name: "awk", dir: "/usr/bin", options: []option{{"mawk", 5}}},
	{name: "which", dir: "/usr/bin", options: []option{{"which.debianutils", 0}}},
	filter("iptables", "iptables-nft", "iptables-legacy"),
	filter("ip6tables", "ip6tables-nft", "ip6tables-legacy"),
	filter("arptables", "arptables-nft"),
	filter("ebtables", "ebtables-nft"),
}

// filter returns the group of a packet filter's command: the first program
// has priority 20, the next 10.
func filter(name string, programs ...string) choice {
	c := choice{name: name, dir: "/usr/sbin", suffixes: []string{"-restore", "-save"}}
	for i, program := range programs {
		c.options = append(c.options, option{program, 20 - 10*i})
	}
	return c
}

// alternatives links every choice whose implementations are in the tree and
// records it as update-alternatives does, so that it can be changed there.
func alternatives(root *os.Root) error {
	for _, c := range choices {
		c.options = present(root, c)
		if len(c.options) == 0 {
			continue
		}
		links := map[string]string{}
		for _, suffix := range append([]string{""}, c.suffixes...) {
			links[c.dir[1:]+"/"+c.name+suffix] = "/etc/alternatives/" + c.name + suffix
			links["etc/alternatives/"+c.name+suffix] = c.dir + "/" + c.options[0].name + suffix
		}
		if err := makeLinks(root, links); err != nil {
			return err
		}
		if err := writeText(root, "var/lib/dpkg/alternatives/"+c.name, []byte(c.record())); err != nil {
			return err
		}
	}
	return nil
}

func present(root *os.Root, c choice) (options []option) {
	for _, o := range c.options {
		if _, err := root.Lstat(path.Join(c.dir[1:], o.name)); !errors.Is(err, fs.ErrNotExist) {
			options = append(options, o)
		}
	}
	return options
}

// record returns the group in the format of update-alternatives: status and
// link, name and link of each follower, an empty line, then each option with
// its priority and its followers.
func (c choice) record() string {
	var b strings.Builder
	fmt.Fprintf(&b, "auto\n%s/%s\n", c.dir, c.name)
	for _, suffix := range c.suffixes {
		fmt.Fprintf(&b, "%s%s\n%s/%s%s\n", c.name, suffix, c.dir, c.name, suffix)
	}
	b.WriteString("\n")
	for _, o := range c.options {
		fmt.Fprintf(&b, "%s/%s\n%d\n", c.dir, o.name, o.priority)
		for _, suffix := range c.suffixes {
			fmt.Fprintf(&b, "%s/%s%s\n", c.dir, o.name, suffix)
		}
	}
	b.WriteString("\n")
	return b.String()
}
