package clusters

import (
	"strings"
	"testing"

	"github.com/kindctl/kindctl/pkg/hint"
)

func TestTemplatesAreRefused(t *testing.T) {
	const head = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n"
	for _, c := range []struct{ name, text, wants, advice string }{
		{"a variable", head + "networking:\n  ipFamily: ${IP_FAMILY}\n", "lab.yaml:4: ${IP_FAMILY} is a placeholder", "envsubst"},
		{"a variable with a default", head + "networking: {ipFamily: \"${IP_FAMILY:-ipv4}\"}\n", "lab.yaml:3: ${IP_FAMILY:-ipv4} is", "envsubst"},
		{"a variable without braces", head + "nodes:\n- extraMounts:\n  - {hostPath: $HOME/data, containerPath: /data}\n", "lab.yaml:5: $HOME is", "envsubst"},
		{"one in a patch", head + "kubeadmConfigPatches:\n- |\n  kind: ClusterConfiguration\n  apiServer:\n    extraArgs:\n      service-account-issuer: ${ISSUER}\n", "lab.yaml:8: ${ISSUER} is", "envsubst"},
		{"the output of a command", head + "featureGates:\n$(list_gates \"$gates\")\n", "lab.yaml:4: $(list_gates", "envsubst"},
		{"a template of Go", head + "nodes:\n{{- range .Nodes }}\n- role: worker\n{{- end }}\n", "lab.yaml:4: {{- range .Nodes }} is", "give kindctl the result"},
		{"a template of Jinja", head + "networking:\n{%- if ipv6 is equalto true %}\n  ipFamily: ipv6\n{%- endif %}\n", "lab.yaml:4: {%- if", "give kindctl the result"},
		{"a word for sed", head + "nodes: [{image: kindest/node:v@VERSION@}]\n", "lab.yaml:3: @VERSION@ is", "give kindctl the result"},
		{"many", head + "name: ${A}${B}${C}${D}${E}${F}${G}${H}\n", "lab.yaml:3: ${A} is a placeholder", "envsubst"},
		{"a comment", head + "# ${A}\nname: a # ${B}\n", "", ""},
		{"objects in one line", head + "nodes: [{role: control-plane, labels: {a: b}}]\n", "", ""},
		{"a digest", head + "nodes: [{image: 'kindest/node:v1.36.1@sha256:3489c7674813ba5d8b1a9977baea8a6e553784dab7b84759d1014dbd78f7ebd5'}]\n", "", ""},
		{"kindctl's own format", "apiVersion: kindctl.dev/v1alpha1\nkind: Cluster\nname: a\nmanifests: [{file: '${x}'}]\n", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode([]byte(c.text), "lab.yaml")
			if c.wants == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), c.wants) || !strings.Contains(hint.AdviceOf(err), c.advice) ||
				strings.Count(err.Error(), "\n") > mostPlaceholders {
				t.Errorf("error is %v (%s), want %q", err, hint.AdviceOf(err), c.wants)
			}
		})
	}
}
