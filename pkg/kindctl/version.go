package kindctl

import "runtime/debug"

// module is this program's, or of the program that uses it.
const module = "github.com/kindctl/kindctl"

// builtVersion is the version of kindctl that the build recorded.
func builtVersion() string {
	info, known := debug.ReadBuildInfo()
	if !known {
		return "(unknown)"
	}
	if info.Main.Path == module && info.Main.Version != "" {
		return info.Main.Version
	}
	for _, dependency := range info.Deps {
		if dependency.Path == module {
			return dependency.Version
		}
	}
	return "(devel)"
}
