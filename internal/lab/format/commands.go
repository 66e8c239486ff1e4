package format

import (
	"fmt"
	"slices"
	"strings"
)

// lacking are programs that nodes do not have, and what can be done without them.
var lacking = map[string]string{
	"helm": "render the chart before, and apply its objects with kubectl", "docker": "nodes have containerd: crictl, ctr", "podman": "nodes have containerd: crictl, ctr",
	"vim": "change objects with kubectl apply or patch, and files with sed", "vi": "change files with sed", "nano": "change files with sed",
	"git": "make the files assets of the lab", "python3": "write it for bash", "python": "write it for bash", "pip": "write it for bash", "pip3": "write it for bash",
	"go": "build it before, and make the program an asset", "npm": "build it before, and make the result an asset", "node": "write it for bash", "make": "write it for bash",
	"wget": "use curl", "yq": "use kubectl -o jsonpath, or jq", "kustomize": "use kubectl kustomize", "k9s": "use kubectl",
	"dig": "use getent hosts, or ask from a pod", "nslookup": "use getent hosts, or ask from a pod", "nc": "use curl, or bash's /dev/tcp", "telnet": "use curl, or bash's /dev/tcp",
	"tmux": "open another kindctl lab shell", "screen": "open another kindctl lab shell", "scp": "use ssh HOST cat FILE", "rsync": "use ssh HOST cat FILE", "sftp": "use ssh HOST cat FILE",
	"unzip": "use tar", "less": "use head, or grep", "ping": "use curl, or ask from a pod", "perl": "write it for bash", "tree": "use find", "lsof": "use ss", "strace": "", "htop": "use kubectl top, or ps", "tcpdump": "", "trivy": "", "kube-bench": "", "falco": "", "cilium": "use kubectl -n kube-system exec ds/cilium -- cilium-dbg",
	"istioctl": "", "argocd": "", "flux": "", "k3s": "the lab runs on kubeadm's cluster: use kubectl", "minikube": "the lab has a cluster: use kubectl", "kind": "the lab has a cluster: use kubectl",
	"virtctl": "", "qemu-system-x86_64": "", "ansible": "", "terraform": "",
}

// kernel are programs that take a kernel of one's own, or would change that of the host.
var kernel = []string{
	"modprobe", "insmod", "rmmod", "reboot", "shutdown", "poweroff", "halt", "kexec",
	"fdisk", "parted", "losetup", "swapon", "mkswap", "apparmor_parser", "auditctl",
	"virt-install", "virsh", "qemu-system-x86_64", "cryptsetup", "vgcreate", "lvcreate",
}

// services are units that nodes do not have.
var services = []string{"docker", "apparmor", "auditd", "ufw", "firewalld", "k3s", "falco", "ssh", "sshd", "cron"}

// fetching are programs that use the Internet with these arguments, whatever the others are.
var fetching = map[string][]string{
	"apt": {"install", "update", "upgrade"}, "apt-get": {"install", "update", "upgrade"}, "snap": {"install"},
	"pip": {"install"}, "pip3": {"install"},
	"npm": {"install", "ci", "i"}, "go": {"install", "get"}, "yum": {"install"}, "dnf": {"install"}, "apk": {"add"}, "krew": {"install"},
}

// byAddress are programs that use the Internet if an argument is an address there.
var byAddress = []string{"curl", "wget", "git", "kubectl", "k", "helm", "ctr", "crictl", "kustomize"}

// calls looks at the commands of a script, or of a text.
func (x *examiner) calls(calls []call) {
	for _, c := range calls {
		x.internet(c)
		x.images(c)
		x.machine(c)
		if advice, lacks := lacking[c.name()]; lacks && !x.isAsset(c.words[0]) {
			x.needs.Tools = append(x.needs.Tools, c.name())
			x.report(Warning, "tool-missing", c.line, "the nodes have no "+c.name(), advice)
		}
		if c.name() == "ssh" {
			x.ssh(c)
		}
		if c.name() == "kubectl" || c.name() == "k" {
			x.nodeNames(c)
		}
	}
}

func (x *examiner) internet(c call) {
	name := c.name()
	uses := ""
	for _, word := range fetching[name] {
		if c.has(word) {
			uses = name + " " + word
		}
	}
	if slices.Contains(byAddress, name) {
		for _, word := range c.here()[1:] {
			if isRemote(word) {
				uses = name + " " + word
			}
		}
	}
	if name == "kubectl" && len(c.words) > 1 && c.words[1] == "krew" {
		uses = "kubectl krew"
	}
	if uses == "" {
		return
	}
	x.needs.Offline = false
	x.report(Warning, "internet", c.line, "it uses the Internet: "+uses, "make what it fetches an asset of the lab")
}

// images are those of commands that pull one by its name.
func (x *examiner) images(c call) {
	if c.name() == "crictl" || c.name() == "docker" || c.name() == "podman" {
		if rest := c.after("pull"); len(rest) > 0 && imageName.MatchString(rest[len(rest)-1]) {
			x.needs.Images = append(x.needs.Images, rest[len(rest)-1])
		}
	}
	if isKubectl := c.name() == "kubectl" || c.name() == "k"; isKubectl && c.has("set") && c.has("image") {
		for _, word := range c.words[1:] {
			if _, image, is := strings.Cut(word, "="); is && !strings.HasPrefix(word, "-") && imageName.MatchString(image) {
				x.needs.Images = append(x.needs.Images, image)
			}
		}
	}
}

// machine looks for what takes a machine of one's own.
func (x *examiner) machine(c call) {
	name := c.name()
	switch {
	case slices.Contains(kernel, name) || strings.HasPrefix(name, "mkfs"):
		x.needs.VM = true
		x.report(Warning, "vm", c.line, name+" takes a machine with a kernel of its own, and nodes are containers", "")
	case name == "sysctl" && (c.has("-w", "-p", "--system") || slices.ContainsFunc(c.words[1:], func(w string) bool { return strings.Contains(w, "=") })):
		x.report(Warning, "host-kernel", c.line, "sysctl changes the kernel that the learner's machine and all nodes share", "leave out what is not below net")
	case name == "systemctl" || name == "service":
		for _, unit := range services {
			if c.has(unit, unit+".service") {
				x.report(Warning, "service-missing", c.line, "the nodes have no service "+unit, "")
			}
		}
	case name == "kubeadm" && (c.has("reset") || c.has("init") || c.has("upgrade")):
		x.report(Warning, "kubeadm", c.line, "kubeadm "+strings.Join(c.words[1:], " ")+" does not work in nodes as on machines: packages and images of other versions are missing", "")
	}
}

func (x *examiner) ssh(c call) {
	x.needs.SSH = true
	host, _ := sshTarget(c.words[1:])
	if host != "" && !strings.Contains(host, "$") && !slices.Contains(x.lab.Backend.Hosts(), host) {
		x.report(Warning, "host-missing", c.line, fmt.Sprintf("ssh goes to %s, and the lab has %s", host, strings.Join(x.lab.Backend.Hosts(), " and ")), "")
	}
}

// isAsset reports whether a program is one that the lab brings along.
func (x *examiner) isAsset(program string) bool { return strings.Contains(program, "/") }

// nodeNames looks at names of nodes that the lab's cluster does not have.
func (x *examiner) nodeNames(c call) {
	for _, word := range c.here()[1:] {
		name := strings.TrimPrefix(strings.TrimPrefix(word, "node/"), "nodes/")
		if !slices.Contains([]string{ControlPlane, Worker}, name) {
			continue
		}
		if name == Worker && x.lab.Backend.Workers == 0 {
			x.report(Warning, "host-missing", c.line, "the command is about node01, and the lab has one node", "use "+ImageIDs[1])
			continue
		}
		x.report(Warning, "node-name", c.line, nodeNameMessage(name), nodeNameHint)
	}
}

// nodeNameHint finds the name of a Node in the lab's cluster and in Killercoda's.
const nodeNameHint = "ask for the name: kubectl get nodes -o name -l '!node-role.kubernetes.io/control-plane', without ! for the control plane"

func nodeNameMessage(name string) string {
	return fmt.Sprintf("it names a Node object %s; those of the lab's cluster are named after the cluster, such as lab-pods-control-plane and lab-pods-worker", name)
}
