package clusters

import (
	"embed"
	"fmt"
	"path"
	"strings"

	"github.com/kindctl/kindctl/pkg/hint"
)

//go:embed profiles/*.yaml
var profiles embed.FS

// DefaultProfile is used when nothing else is asked for.
const DefaultProfile = "default"

// Profiles lists the names of the profiles, sorted.
func Profiles() []string {
	entries, err := profiles.ReadDir("profiles")
	if err != nil {
		panic(err) // embedded: cannot fail
	}
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, strings.TrimSuffix(entry.Name(), ".yaml"))
	}
	return names
}

// Profile returns a profile by name.
func Profile(name string) (Topology, error) {
	file := path.Join("profiles", name+".yaml")
	data, err := profiles.ReadFile(file)
	if err != nil {
		advice := "use one of: " + strings.Join(Profiles(), ", ")
		return Topology{}, hint.ProfileUnknown.New(fmt.Sprintf("there is no profile %q%s", name, hint.Nearest(name, Profiles())), advice)
	}
	var t Topology
	if err := decode(data, file, &t); err != nil {
		return Topology{}, err
	}
	for path := range t.origins { // a flag may change what a profile says
		t.origins[path] = origin{level: fromProfile, place: "profile " + name}
	}
	return t, nil
}
