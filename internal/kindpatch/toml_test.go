package kindpatch

import "testing"

func TestTOMLLines(t *testing.T) {
	const text = `# a comment
version = 2

[plugins."io.containerd.grpc.v1.cri"]
  list = [
    "a",
  ]
  text = """
[none]
"""
[plugins."io.containerd.grpc.v1.cri".registry.mirrors."a"]
  endpoint = ["b"]
[[items]]
  name = "x"
`
	lineOf := TOMLLines(text)
	for _, tt := range []struct {
		path []string
		want int
	}{
		{[]string{"version"}, 2},
		{[]string{"plugins"}, 4},
		{[]string{"plugins", "io.containerd.grpc.v1.cri", "list"}, 5},
		{[]string{"plugins", "io.containerd.grpc.v1.cri", "text"}, 8},
		{[]string{"plugins", "io.containerd.grpc.v1.cri", "registry"}, 11},
		{[]string{"plugins", "io.containerd.grpc.v1.cri", "registry", "mirrors", "a", "endpoint"}, 12},
		{[]string{"items"}, 13},
		{[]string{"items", "name"}, 14},
		{[]string{"plugins", "other", "registry"}, 4},
		{[]string{"none"}, 1},
		{nil, 1},
	} {
		if got := lineOf(tt.path...); got != tt.want {
			t.Errorf("%v is on line %d, want %d", tt.path, got, tt.want)
		}
	}
}
