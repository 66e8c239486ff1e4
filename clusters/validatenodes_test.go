package clusters

import (
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/internal/golden"
)

// TestValidateNodes validates groups of nodes, with the lines that are wrong.
func TestValidateNodes(t *testing.T) {
	tests := []struct {
		name  string
		nodes string // from line 4 on
		want  string // in the error; none means valid
	}{
		{"two groups of workers", "- role: control-plane\n- role: worker\n- role: worker", ""},
		{"no control plane", "- role: worker", "lab.yaml:3: control planes: 0"},
		{"no one", "  []", "lab.yaml:3: control planes: 0"},
		{"an unknown role", "- role: control-plane\n- role: worekr", `lab.yaml:5: unknown role "worekr" (did you mean "worker"?)`},
		{"no node", "- role: control-plane\n- role: worker\n  count: 0", "lab.yaml:6: count: 0"},
		{"too many", "- role: control-plane\n- role: worker\n  count: 100", "lab.yaml:3: 101 nodes"},
		{"labels", "- role: control-plane\n  labels: {a.b/c: d, node-role.kubernetes.io/x: ''}", ""},
		{"a label without a name", "- role: control-plane\n  labels:\n    a: b\n    c/: d", `lab.yaml:7: label "c/"`},
		{"a label's value", "- role: control-plane\n  labels:\n    a: -b", `lab.yaml:6: value "-b" of label a`},
		{"Kubernetes' own label", "- role: control-plane\n  labels: {kubernetes.io/hostname: x}", "label kubernetes.io/hostname is Kubernetes' own"},
		{"taints", "- role: control-plane\n- role: worker\n- role: worker\n  taints: [a=b:NoSchedule, a=b:NoExecute, 'c.d/e:PreferNoSchedule']", ""},
		{"a taint without an effect", "- role: control-plane\n  taints:\n  - a=b", `lab.yaml:6: taint "a=b": write it as KEY=VALUE:EFFECT`},
		{"a taint without a key", "- role: control-plane\n  taints:\n  - ':NoSchedule'", `lab.yaml:6: taint ":NoSchedule"`},
		{"an unknown effect", "- role: control-plane\n  taints: ['a:noschedule']", `(did you mean "NoSchedule"?)`},
		{"a taint twice", "- role: control-plane\n- role: worker\n- role: worker\n  taints: [a=b:NoSchedule, a=c:NoSchedule]", "taint a:NoSchedule is there already"},
		{"the control plane's own", "- role: control-plane\n  taints: ['node-role.kubernetes.io/control-plane:NoSchedule']\n- role: worker", "is there already"},
		{"nowhere for pods", "- role: control-plane\n- role: worker\n  taints: ['a:NoSchedule']", "taints keep ordinary pods from every node"},
		{"nowhere on the only node", "- role: control-plane\n  taints: ['a:NoExecute']", "taints keep ordinary pods from every node"},
		{"somewhere rather not", "- role: control-plane\n- role: worker\n  taints: ['a:PreferNoSchedule']", ""},
		{"ports", "- role: control-plane\n  ports:\n  - {containerPort: 80, hostPort: 8080}\n  - {containerPort: 80, hostPort: 8080, protocol: UDP}\n  - {containerPort: 81, hostPort: 8080, listenAddress: 127.0.0.2}\n  - {containerPort: 82}\n  - {containerPort: 82}", ""},
		{"no such port", "- role: control-plane\n  ports:\n  - containerPort: 0", "lab.yaml:6: container port 0"},
		{"no such port here", "- role: control-plane\n  ports:\n  - containerPort: 80\n    hostPort: -1", "lab.yaml:7: host port -1"},
		{"an address that is a name", "- role: control-plane\n  ports:\n  - containerPort: 80\n    listenAddress: localhost", `lab.yaml:7: listen address "localhost"`},
		{"an unknown protocol", "- role: control-plane\n  ports:\n  - containerPort: 80\n    protocol: tcp", `lab.yaml:7: unknown protocol "tcp"`},
		{"one port for two nodes", "- role: control-plane\n- role: worker\n  count: 2\n  ports:\n  - containerPort: 80\n    hostPort: 8080", "lab.yaml:9: 2 nodes cannot share host port 8080"},
		{"free ports for two nodes", "- role: control-plane\n- role: worker\n  count: 2\n  ports: [{containerPort: 80}]", ""},
		{"a port twice", "- role: control-plane\n  ports:\n  - {containerPort: 80, hostPort: 8080}\n- role: worker\n  ports:\n  - {containerPort: 81, hostPort: 8080}", "lab.yaml:9: host port 8080 is given to nodes[0].ports[0].hostPort too"},
		{"a port of all addresses", "- role: control-plane\n  ports:\n  - {containerPort: 80, hostPort: 8080}\n  - {containerPort: 81, hostPort: 8080, listenAddress: 0.0.0.0}", "host port 8080 is given"},
		{"mounts", "- role: control-plane\n  mounts:\n  - {hostPath: /a, containerPath: /var/local/a}\n  - {hostPath: /a, containerPath: /b}", ""},
		{"a mount of nothing", "- role: control-plane\n  mounts:\n  - containerPath: /a", `lab.yaml:6: host path ""`},
		{"a mount with a colon", "- role: control-plane\n  mounts:\n  - hostPath: /a:b\n    containerPath: /a", `lab.yaml:6: host path "/a:b"`},
		{"a mount somewhere", "- role: control-plane\n  mounts:\n  - hostPath: /a\n    containerPath: a", `lab.yaml:7: container path "a"`},
		{"a mount on the root", "- role: control-plane\n  mounts:\n  - {hostPath: /a, containerPath: /}", "container path / is the node's own"},
		{"a mount on the node's own", "- role: control-plane\n  mounts:\n  - {hostPath: /a, containerPath: /var/}", "container path /var is the node's own"},
		{"two mounts in one place", "- role: control-plane\n  mounts:\n  - {hostPath: /a, containerPath: /x}\n  - {hostPath: /b, containerPath: /x/}", "container path /x has a mount already"},
		{"an unknown propagation", "- role: control-plane\n  mounts:\n  - {hostPath: /a, containerPath: /x, propagation: none}", `unknown propagation "none"`},
		{"limits", "- {role: control-plane, cpus: 1, memory: 1700Mi}\n- {role: worker, cpus: 500m, memory: 0.5Gi}", ""},
		{"no quantity", "- {role: control-plane, cpus: two, memory: 2 GB}", `cpus: "two" is no quantity; write it as 1.5`},
		{"too little for a control plane", "- {role: control-plane, memory: 1Gi}\n- role: worker", "memory: 1Gi is less than the 1700Mi that such a node needs"},
		{"too little for a worker", "- role: control-plane\n- {role: worker, cpus: 0.1}", "cpus: 0.1 is less than the 500m that such a node needs"},
		{"too little for all", "- {role: control-plane, cpus: 1}", "cpus: 1 is less than the 1500m that such a node needs"},
		{"bytes that were not meant", "- {role: control-plane, memory: 4}", "memory: 4 is less"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			topology, err := Decode([]byte("apiVersion: kindctl.dev/v1alpha1\nkind: Cluster\nnodes:\n"+tt.nodes+"\n"), "lab.yaml")
			if err != nil {
				t.Fatal(err)
			}
			topology.Name = "lab"
			_, err = topology.Validate()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want one with %q", err, tt.want)
			}
		})
	}
}

// TestPortsBesideTheAPI gives the API server's port away.
func TestPortsBesideTheAPI(t *testing.T) {
	topology := valid().WithNodes(Group{Role: ControlPlane, Count: 1, Ports: []Port{{ContainerPort: 80, HostPort: 6443}}})
	topology.APIServerPort = 6443
	if _, err := topology.Validate(); err == nil || !strings.Contains(err.Error(), "host port 6443 is given to apiServerPort too") {
		t.Errorf("error is %v", err)
	}
	topology.APIServerPort, topology.Workers = 0, 5
	if _, err := topology.Validate(); err == nil || !strings.Contains(err.Error(), "nodes has 1 control planes and 0 workers, not 1 and 5") {
		t.Errorf("counts that groups contradict: %v", err)
	}
}

// TestNodesOfKind holds what becomes of groups in kind's configuration.
func TestNodesOfKind(t *testing.T) {
	topology := valid().WithNodes(
		Group{Role: Worker, Count: 2, Taints: []string{"a=b:NoSchedule"}, Labels: map[string]string{"tier": "back"}},
		Group{Role: ControlPlane, Count: 1, CPUs: "1.5", Memory: "2Gi", Taints: []string{"c:NoExecute"}, Ports: []Port{{ContainerPort: 80, HostPort: 8080}}},
		Group{Role: Worker, Count: 1, Mounts: []Mount{{HostPath: "/a", ContainerPath: "/b", ReadOnly: true}}},
	)
	var names []string
	for _, node := range topology.Each() {
		names = append(names, node.Name)
	}
	if want := []string{"lab-control-plane", "lab-worker", "lab-worker2", "lab-worker3"}; !slices.Equal(names, want) {
		t.Errorf("nodes are %q, want %q", names, want)
	}
	got, err := yaml.Marshal(topology.KindConfig(NodeSettings{Image: "node:1", CPUs: 8, MemoryBytes: 16 << 30}))
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/nodes.yaml", got)
}
