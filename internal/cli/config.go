package cli

import (
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/hint"
)

// defaultConfig is the file that init writes when no one names one.
const defaultConfig = "kindctl.yaml"

func configCommand() *cli.Command {
	return &cli.Command{
		Name: "config", Usage: "Write, show and check configuration files",
		Subcommands: []*cli.Command{
			{
				Name: "init", Usage: "Write a configuration file with a comment on each field, or convert a kind configuration",
				UsageText: `kindctl config init [--force] [flags of up] [FILE|-]

Examples:
  kindctl config init                               ` + defaultConfig + `, as the default profile is
  kindctl config init --cni calico lab.yaml         another file, with another CNI
  kindctl config init --profile ha -                on standard output
  kindctl config init --config kind.yaml lab.yaml   convert a kind file`,
				ArgsUsage: "[FILE|-]",
				Flags: append(topologyFlags(), nameFlag(),
					&cli.BoolFlag{Name: "force", Usage: "overwrite an existing file", DisableDefaultText: true}),
				Action: initConfig,
			},
			{
				Name: "view", Usage: "Show the cluster that flags, environment, file and profile together ask for",
				UsageText: `kindctl config view [--origins] [flags of up] [-o yaml|json]

Examples:
  kindctl config view --config lab.yaml --origins     what up would make, and who says so
  kindctl config view --config kind.yaml              show a kind file in kindctl's format`,
				Flags: append(topologyFlags(), nameFlag(), outputFlag("yaml", "json"),
					&cli.BoolFlag{Name: "origins", Usage: "show after each value where it comes from", DisableDefaultText: true}),
				Action: viewConfig,
			},
			{
				Name: "validate", Usage: "Check configuration files, and say what kindctl changes in them",
				UsageText: `kindctl config validate [flags of up] [-o text|json] FILE|- ...

Examples:
  kindctl config validate lab.yaml                what is wrong, and what is translated
  kindctl config validate --cni cilium kind.yaml  the same, with Cilium as the CNI`,
				ArgsUsage: "FILE|- ...",
				Flags: append(slices.DeleteFunc(topologyFlags(), func(flag cli.Flag) bool {
					return slices.Contains([]string{"config", "profile"}, flag.Names()[0])
				}), nameFlag(), outputFlag("text", "json")),
				Action: validateConfig,
			},
			{
				Name: "schema", Usage: "Print the JSON Schema of configuration files, for editors",
				Action: printSchema,
			},
		},
	}
}

func initConfig(c *cli.Context) error {
	files, err := fileArguments(c, 1)
	if err != nil {
		return err
	}
	topology, err := merged(c)
	if err != nil {
		return err
	}
	if !c.IsSet("name") && topology.Name == defaultName {
		topology.Name = "" // no one chose it
	}
	data, err := topology.Commented()
	if err != nil {
		return err
	}
	file := defaultConfig
	if len(files) > 0 {
		file = files[0]
	}
	if file == "-" {
		_, err = c.App.Writer.Write(data)
		return err
	}
	if err := writeConfig(file, data, c.Bool("force")); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "%s is written; make the cluster: kindctl up --config %s\n", file, file)
	return err
}

// merged is the cluster that the flags ask for, if it can be, and warns of what
// is unwise.
func merged(c *cli.Context) (clusters.Topology, error) {
	topology, err := topologyOf(c)
	if err != nil {
		return topology, err
	}
	warnings, err := topology.Validate()
	warn(lineSink(c), warnings)
	return topology, err
}

func viewConfig(c *cli.Context) error {
	topology, err := merged(c)
	if err != nil {
		return err
	}
	if c.String("output") == "json" {
		if c.Bool("origins") {
			return hint.BadFlag.New("--origins does not work with -o json", "leave --output or --origins out")
		}
		return report.JSON(c.App.Writer, topology)
	}
	encode := topology.Encode
	if c.Bool("origins") {
		encode = topology.Annotated
	}
	data, err := encode()
	if err != nil {
		return err
	}
	_, err = c.App.Writer.Write(data)
	return err
}

func printSchema(c *cli.Context) error {
	schema, err := clusters.Schema()
	if err == nil {
		_, err = c.App.Writer.Write(schema)
	}
	return err
}
