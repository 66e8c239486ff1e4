package images

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/mod/semver"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Newest returns ref with the newest tag that its repository has of a minor
// version.
func (r *Remote) Newest(ctx context.Context, ref, minor string) (string, error) {
	located, parsed, err := r.parse(ref)
	if err != nil {
		return "", err
	}
	tags, err := remote.List(parsed.Context(), r.options(ctx)...)
	if err != nil {
		return "", fmt.Errorf("list the tags of %s: %w", untagged(located), err)
	}
	newest := newestOf(tags, minor)
	if newest == "" {
		return "", hint.VersionNotPublished.New(fmt.Sprintf("%s has no image of %s", untagged(located), minor), "use another --kubernetes-version, or --images build")
	}
	return untagged(ref) + ":" + newest, nil
}

// newestIn returns the newest of the names of images that are those of a
// repository and a minor version, or "".
func newestIn(names []string, repository, minor string) string {
	var tags []string
	for _, name := range names {
		if tag, is := strings.CutPrefix(name, repository+":"); is {
			tags = append(tags, tag)
		}
	}
	if newest := newestOf(tags, minor); newest != "" {
		return repository + ":" + newest
	}
	return ""
}

// newestOf returns the newest tag that is a release of a minor version, written
// as "v1.36", or "".
func newestOf(tags []string, minor string) (newest string) {
	for _, tag := range tags {
		if semver.MajorMinor(tag) == minor && semver.Canonical(tag) == tag && semver.Prerelease(tag) == "" && semver.Compare(tag, newest) > 0 {
			newest = tag
		}
	}
	return newest
}

// untagged is a reference without its tag and digest.
func untagged(ref string) string {
	path := strings.LastIndex(ref, "/") + 1
	if i := strings.IndexAny(ref[path:], ":@"); i >= 0 {
		return ref[:path+i]
	}
	return ref
}
