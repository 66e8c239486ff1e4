package cilium

import (
	"bytes"
	"fmt"
	"io/fs"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/ignore"
)

// chartDir holds the chart in Cilium's module.
const chartDir = "install/kubernetes/cilium"

// readChart reads the chart as it was published.
func readChart(source fs.FS) (*chart.Chart, error) {
	dir, err := fs.Sub(source, chartDir)
	if err != nil {
		return nil, err
	}
	files, err := chartFiles(dir)
	if err != nil {
		return nil, fmt.Errorf("read the chart: %w", err)
	}
	ch, err := loader.LoadFiles(files)
	if err != nil {
		return nil, fmt.Errorf("load the chart: %w", err)
	}
	return ch, nil
}

// chartFiles are the files of a chart, without those that its .helmignore leaves
// out; Helm's own loader does the same for directories alone.
func chartFiles(dir fs.FS) (files []*archive.BufferedFile, err error) {
	ignored, err := fs.ReadFile(dir, ignore.HelmIgnore)
	if err != nil {
		return nil, err
	}
	rules, err := ignore.Parse(bytes.NewReader(ignored))
	if err != nil {
		return nil, err
	}
	rules.AddDefaults()
	err = fs.WalkDir(dir, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil || entry.IsDir() || rules.Ignore(name, info) {
			return err
		}
		data, err := fs.ReadFile(dir, name)
		files = append(files, &archive.BufferedFile{Name: name, ModTime: info.ModTime(), Data: data})
		return err
	})
	return files, err
}
