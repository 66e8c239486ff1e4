package forge_test

import (
	"fmt"
	"strings"

	"github.com/kindctl/kindctl/internal/forge"
)

// The reference of a node image is known before it is built: it ends in a
// hash of everything that decides what is in the image.
func ExampleNodeImage() {
	ref, err := forge.NodeImage(forge.Spec{CNI: forge.Cilium})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ref[:strings.LastIndex(ref, "-")])
	// Output: kindctl.local/node:v1.37.2-cilium
}
