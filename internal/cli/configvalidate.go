package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

// examined is what "config validate" says of one file.
type examined struct {
	File    string `json:"file"`
	Valid   bool   `json:"valid"`
	Cluster string `json:"cluster,omitempty"`
	Shape   string `json:"shape,omitempty"`
	// Warnings are what is changed, translated or unwise, and Problems what is refused;
	// both begin with FILE:LINE where that is known.
	Warnings []string `json:"warnings"`
	Problems []string `json:"problems"`

	failure error
}

func validateConfig(c *cli.Context) error {
	files, err := fileArguments(c, c.NArg())
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return hint.NoFile.New("there is no file to check", "name it: kindctl config validate "+defaultConfig)
	}
	var all []examined
	for _, file := range files {
		one := examineFile(c, file)
		if c.String("output") == "text" {
			warn(lineSink(c), one.Warnings)
			if one.Valid {
				fmt.Fprintf(c.App.Writer, "%s is valid: cluster %s, %s\n", file, one.Cluster, one.Shape)
			}
		}
		all = append(all, one)
	}
	if c.String("output") == "json" {
		if err := report.JSON(c.App.Writer, all); err != nil {
			return err
		}
	}
	return invalidity(all)
}

// examineFile reads a file as up would, with the same flags.
func examineFile(c *cli.Context, file string) examined {
	one := examined{File: file, Warnings: []string{}, Problems: []string{}}
	topology, err := decodeFile(file)
	if err == nil {
		topology, err = overlaid(c, topology)
	}
	if err == nil {
		one.Warnings, err = topology.Validate()
		one.Warnings = append([]string{}, one.Warnings...)
	}
	if err == nil {
		err = kindctl.ValidateCNI(c.Context, topology, lineSink(c))
	}
	if err != nil {
		one.failure, one.Problems = err, strings.Split(err.Error(), "\n")
		return one
	}
	one.Valid, one.Cluster, one.Shape = true, topology.Name, kindctl.Shape(topology)
	return one
}

// invalidity is one error for all files that are not valid.
func invalidity(all []examined) error {
	var problems, advice []string
	var failure error // the last one
	for _, one := range all {
		if one.failure == nil {
			continue
		}
		failure = one.failure
		problems = append(problems, failure.Error())
		if wayOut := hint.AdviceOf(failure); !slices.Contains(advice, wayOut) {
			advice = append(advice, wayOut)
		}
	}
	if len(problems) < 2 {
		return failure
	}
	return hint.ConfigInvalid.New(strings.Join(problems, "\n"), strings.Join(advice, "\n"))
}
