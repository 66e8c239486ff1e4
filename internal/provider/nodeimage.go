package provider

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kind/pkg/exec"
)

// ComponentConfig is what the programs of a node image are to look at, before a node is
// made of it.
type ComponentConfig struct {
	// Kubeadm is a node's configuration of kubeadm, and Kubelet that of its kubelet,
	// as kind and kubeadm write them.
	Kubeadm, Kubelet []byte
	// Flags are further ones of the components, by name: kubelet, kube-apiserver,
	// kube-controller-manager, kube-scheduler.
	Flags map[string][]string
}

// ConfigError is why a program refuses its configuration.
type ConfigError struct {
	// Component is kubeadm, kubelet, kube-apiserver and so on.
	Component string
	Text      string
}

// KubernetesVersion reads the version of Kubernetes in a node image, in a container
// without network that is removed at once.
func KubernetesVersion(ctx context.Context, image string) (string, error) {
	out, err := runInImage(ctx, image, "cat /kind/version")
	return strings.TrimSpace(out), err
}

// CheckConfig lets the programs of a node image read configuration as they would on a node,
// in a container without network that is removed at once. Programs that the image
// keeps packed in an image of their own are not asked.
func CheckConfig(ctx context.Context, image string, config ComponentConfig) ([]ConfigError, error) {
	key, err := signingKey()
	if err != nil {
		return nil, err
	}
	out, err := runInImage(ctx, image, config.script(key))
	if err != nil {
		return nil, err
	}
	var problems []ConfigError
	for component, output := range sections(out) {
		problems = append(problems, configErrorsIn(component, output)...)
	}
	slices.SortFunc(problems, func(a, b ConfigError) int { return strings.Compare(a.Component+a.Text, b.Component+b.Text) })
	return problems, nil
}

// runInImage runs a script in a container of an image.
func runInImage(ctx context.Context, image, script string) (string, error) {
	var out bytes.Buffer
	command := exec.CommandContext(ctx, "docker", "run", "--rm", "--interactive", "--network=none", "--entrypoint=/bin/sh", image)
	command.SetStdin(strings.NewReader(script)).SetStdout(&out)
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return "", fmt.Errorf("ask the programs of %s: %w", image, err)
	}
	return out.String(), nil
}

// unpacked are where containerd has the files of images that are unpacked.
const unpacked = "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/*/fs"

// signingKey is a key for ServiceAccount tokens, without which the API server looks at
// little.
func signingKey() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	data, err := x509.MarshalECPrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: data}), err
}

// apiServerFlags are those with which the API server gets as far as it does without a
// cluster: to its audit policy, which comes after APIs, admission plugins and
// authentication (kubernetes v1.37.2, pkg/controlplane/apiserver/config.go).
const apiServerFlags = " --etcd-servers=http://127.0.0.1:1 --advertise-address=192.0.2.2 --service-cluster-ip-range=10.96.0.0/16" +
	" --service-account-issuer=https://kubernetes.default.svc --service-account-signing-key-file=sa.key --service-account-key-file=sa.key" +
	" --cert-dir=/tmp/certificates --audit-policy-file=/nonexistent"

// script lets each program read its configuration and end: the kubelet and others for
// lack of a kubeconfig, the API server for lack of an audit policy.
func (c ComponentConfig) script(key []byte) string {
	var script strings.Builder
	write := func(path string, content []byte) {
		fmt.Fprintf(&script, "base64 -d >%s <<'END'\n%s\nEND\n", path, base64.StdEncoding.EncodeToString(content))
	}
	script.WriteString("cd /tmp || exit 1\n")
	write("kubeadm.yaml", c.Kubeadm)
	write("kubelet.yaml", c.Kubelet)
	write("sa.key", key)
	fmt.Fprintf(&script, "%s; kubeadm config validate --config=kubeadm.yaml 2>&1\n", mark("kubeadm"))
	fmt.Fprintf(&script, "%s; timeout 20 kubelet --config=kubelet.yaml --kubeconfig=/nonexistent --root-dir=/tmp/kubelet%s 2>&1\n",
		mark("kubelet"), quoted(c.Flags["kubelet"]))
	for _, component := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler"} {
		if len(c.Flags[component]) == 0 {
			continue
		}
		needed := " --kubeconfig=/nonexistent"
		if component == "kube-apiserver" {
			needed = apiServerFlags
		}
		fmt.Fprintf(&script, "for program in %s/usr/local/bin/%s; do\n  test -x \"$program\" || continue\n"+
			"  %s; timeout 20 \"$program\"%s%s 2>&1\n  break\ndone\n",
			unpacked, component, mark(component), needed, quoted(c.Flags[component]))
	}
	script.WriteString("true\n")
	return script.String()
}

// sectionMark is before what each part of a script prints.
const sectionMark = "== asked: "

func mark(component string) string { return "echo '" + sectionMark + component + "'" }

func quoted(flags []string) string {
	var all strings.Builder
	for _, flag := range flags {
		all.WriteString(" '" + strings.ReplaceAll(flag, "'", `'\''`) + "'")
	}
	return all.String()
}

// sections are what the programs output.
func sections(out string) map[string]string {
	output := map[string]string{}
	for _, part := range strings.Split(out, sectionMark)[1:] {
		component, text, _ := strings.Cut(part, "\n")
		output[component] = text
	}
	return output
}

var (
	// kubeadmError is how kubeadm ends, and componentError how the others do
	// (kubernetes v1.37.2, component-base/cli/run.go).
	kubeadmError   = regexp.MustCompile(`(?ms)^error: (.*?)\n(?:To see the stack trace|\z)`)
	componentError = regexp.MustCompile(`(?m)^(?:E[0-9]{4} .*\] "command failed" err=(?:"(.*)"|<\n((?:\t.*\n)+) >)|(?:Error|panic): (.*))$`)
	// wrong is what a component says of its settings alone, and not for lack of files
	// or of a cluster.
	wrong = regexp.MustCompile(`unknown|unrecognized|invalid argument|invalid configuration|[Ii]nvalid value|must be|` +
		`not a valid|not been registered|cannot set feature gate|strict decoding`)
)

func configErrorsIn(component, output string) (problems []ConfigError) {
	if component == "kubeadm" {
		if found := kubeadmError.FindStringSubmatch(output); found != nil {
			return []ConfigError{{component, strings.TrimSpace(found[1])}}
		}
		return nil
	}
	for _, found := range componentError.FindAllStringSubmatch(output, -1) {
		text := strings.NewReplacer(`\"`, `"`, `\n`, " ").Replace(found[1] + found[3])
		text += strings.Join(strings.Fields(found[2]), " ")
		for _, one := range splitErrors(text) {
			if wrong.MatchString(one) && !strings.Contains(one, "invalid kubeconfig") {
				problems = append(problems, ConfigError{component, one})
			}
		}
	}
	return problems
}

// splitErrors takes the list apart in which Kubernetes puts several errors.
func splitErrors(text string) []string {
	inner, list := strings.CutPrefix(text, "[")
	if !list {
		return []string{text}
	}
	return strings.Split(strings.TrimSuffix(inner, "]"), ", ")
}

// ContainerdConfig is the file that configures containerd in a node image.
func ContainerdConfig(ctx context.Context, image string) (string, error) {
	return runInImage(ctx, image, "cat /etc/containerd/config.toml")
}

// ContainerdDumps are what containerd of a node image makes of each of several
// configurations, or its error.
func ContainerdDumps(ctx context.Context, image string, configurations []string) ([]string, error) {
	var script strings.Builder
	for i, text := range configurations {
		fmt.Fprintf(&script, "base64 -d >/tmp/config.toml <<'END'\n%s\nEND\n%s; containerd --config=/tmp/config.toml config dump 2>&1\n",
			base64.StdEncoding.EncodeToString([]byte(text)), mark(fmt.Sprint(i)))
	}
	out, err := runInImage(ctx, image, script.String()+"true\n")
	if err != nil {
		return nil, err
	}
	output := sections(out)
	dumps := make([]string, len(configurations))
	for i := range dumps {
		dumps[i] = output[fmt.Sprint(i)]
	}
	return dumps, nil
}

// CheckFeatureGates lets the kubelet of a node image, without a node, read feature
// gates, and returns what it has against each: that it does not know it, or that it
// can no longer be turned off. A cluster would wait minutes for such a kubelet.
// There are no problems when the kubelet could not be asked.
func CheckFeatureGates(ctx context.Context, image string, gates map[string]bool) (problems []string, err error) {
	var words []string
	for _, gate := range slices.Sorted(maps.Keys(gates)) {
		words = append(words, fmt.Sprintf("%s=%t", gate, gates[gate]))
	}
	var script strings.Builder
	ask := func(gates string) { // which ends for lack of the file
		fmt.Fprintf(&script, "%s; timeout 20 kubelet%s --config=/nonexistent 2>&1\n", mark(gates), quoted([]string{"--feature-gates=" + gates}))
	}
	ask(strings.Join(words, ","))
	for _, word := range words { // of all together the kubelet names one
		ask(word)
	}
	out, err := runInImage(ctx, image, script.String()+"true\n")
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, nil
	}
	output := sections(out)
	together := gateError(output[strings.Join(words, ",")])
	if together == "" {
		return nil, nil
	}
	for _, word := range words {
		if problem := gateError(output[word]); problem != "" && !strings.Contains(problem, "depends on") { // on one of the others, maybe
			problems = append(problems, problem)
		}
	}
	if len(problems) == 0 { // they do not go together
		problems = []string{together}
	}
	return problems, nil
}

// gateErrorPattern is how the kubelet says it (kubernetes v1.37.2,
// cmd/kubelet/app/server.go).
var gateErrorPattern = regexp.MustCompile(`failed to set feature gates from initial flags-based config: ([^\n]*?)"?\s*(\n|$)`)

// gateError is what the kubelet has against its feature gates, if that is
// why it failed.
func gateError(output string) string {
	found := gateErrorPattern.FindStringSubmatch(output)
	if found == nil {
		return ""
	}
	return found[1]
}
