// Command dockerfile prints what BuildKit reads in a Dockerfile, as JSON.
//
// Usage: dockerfile < Dockerfile. No build argument is given, and no base image sets anything.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

type values map[string]string

func (v values) Get(name string) (string, bool) { found, ok := v[name]; return found, ok }
func (v values) Keys() []string                 { return nil }

type object = map[string]any

func pairs(found instructions.KeyValuePairs) [][]any {
	made := [][]any{}
	for _, each := range found {
		made = append(made, []any{each.Key, each.Value})
	}
	return made
}

func texts(found []instructions.SourceContent) [][]any {
	made := [][]any{}
	for _, each := range found {
		made = append(made, []any{each.Path, each.Data})
	}
	return made
}

func files(found []instructions.ShellInlineFile) [][]any {
	made := [][]any{}
	for _, each := range found {
		made = append(made, []any{each.Name, each.Data, each.Chomp})
	}
	return made
}

func mounts(cmd *instructions.RunCommand) []object {
	made := []object{}
	for _, each := range instructions.GetMounts(cmd) {
		made = append(made, object{
			"type": string(each.Type), "from": each.From, "source": each.Source, "target": each.Target,
			"id": each.CacheID, "readonly": each.ReadOnly, "required": each.Required, "sharing": string(each.CacheSharing),
		})
	}
	return made
}

type build struct {
	lex    *shell.Lex
	global values
}

// argument puts the values of an ARG into the variables of a stage, as BuildKit's own converter does.
func (b build) argument(c *instructions.ArgCommand, known values) ([][]any, error) {
	made := [][]any{}
	for _, each := range c.Args {
		var shown any
		if each.Value == nil {
			if value, ok := b.global[each.Key]; ok {
				known[each.Key] = value
			}
		} else {
			value, _, err := b.lex.ProcessWord(*each.Value, known)
			if err != nil {
				return nil, err
			}
			known[each.Key], shown = value, value
		}
		made = append(made, []any{each.Key, shown})
	}
	return made, nil
}

func (b build) step(cmd instructions.Command, known values) (object, error) {
	expand := func(word string) (string, error) {
		made, _, err := b.lex.ProcessWord(word, known)
		return made, err
	}
	if _, isArgument := cmd.(*instructions.ArgCommand); !isArgument {
		if each, ok := cmd.(instructions.SupportsSingleWordExpansion); ok {
			if err := each.Expand(expand); err != nil {
				return nil, err
			}
		}
	}
	if each, ok := cmd.(instructions.SupportsSingleWordExpansionRaw); ok {
		err := each.ExpandRaw(func(word string) (string, error) {
			lex := shell.NewLex('\\')
			lex.SkipProcessQuotes = true
			made, _, err := lex.ProcessWord(word, known)
			return made, err
		})
		if err != nil {
			return nil, err
		}
	}
	at := cmd.Location()[0]
	made := object{"keyword": strings.ToUpper(cmd.Name()), "line": at.Start.Line, "end": cmd.Location()[len(cmd.Location())-1].End.Line}
	switch c := cmd.(type) {
	case *instructions.EnvCommand:
		made["pairs"] = pairs(c.Env)
		for _, each := range c.Env {
			known[each.Key] = each.Value
		}
	case *instructions.LabelCommand:
		made["pairs"] = pairs(c.Labels)
	case *instructions.ArgCommand:
		found, err := b.argument(c, known)
		if err != nil {
			return nil, err
		}
		made["pairs"] = found
	case *instructions.AddCommand:
		made["words"], made["heredocs"] = append(append([]string{}, c.SourcePaths...), c.DestPath), texts(c.SourceContents)
		made["flags"] = object{"chown": c.Chown, "chmod": c.Chmod, "checksum": c.Checksum, "link": c.Link}
	case *instructions.CopyCommand:
		made["words"], made["heredocs"] = append(append([]string{}, c.SourcePaths...), c.DestPath), texts(c.SourceContents)
		made["flags"] = object{"chown": c.Chown, "chmod": c.Chmod, "from": c.From, "link": c.Link}
	case *instructions.RunCommand:
		made["words"], made["json"], made["heredocs"] = c.CmdLine, !c.PrependShell, files(c.Files)
		made["flags"] = object{"network": instructions.GetNetwork(c), "security": instructions.GetSecurity(c)}
		made["mounts"] = mounts(c)
	case *instructions.CmdCommand:
		made["words"], made["json"] = c.CmdLine, !c.PrependShell
	case *instructions.EntrypointCommand:
		made["words"], made["json"] = c.CmdLine, !c.PrependShell
	case *instructions.HealthCheckCommand:
		made["words"] = c.Health.Test
	case *instructions.ExposeCommand:
		ports := []string{}
		for _, each := range c.Ports {
			found, err := b.lex.ProcessWords(each, known)
			if err != nil {
				return nil, err
			}
			ports = append(ports, found...)
		}
		made["words"] = ports
	case *instructions.UserCommand:
		made["words"] = []string{c.User}
	case *instructions.WorkdirCommand:
		made["words"] = []string{c.Path}
	case *instructions.VolumeCommand:
		made["words"] = c.Volumes
	case *instructions.StopSignalCommand:
		made["words"] = []string{c.Signal}
	case *instructions.ShellCommand:
		made["words"] = []string(c.Shell)
	case *instructions.MaintainerCommand:
		made["words"] = []string{c.Maintainer}
	case *instructions.OnbuildCommand:
		made["words"] = []string{c.Expression}
	}
	return made, nil
}

func read() (object, error) {
	parsed, err := parser.Parse(os.Stdin)
	if err != nil {
		return nil, err
	}
	stages, arguments, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		return nil, err
	}
	if len(stages) == 0 {
		return nil, fmt.Errorf("no stages")
	}
	b := build{shell.NewLex(parsed.EscapeToken), values{}}
	for _, each := range arguments {
		for _, pair := range each.Args {
			if pair.Value != nil {
				value, _, err := b.lex.ProcessWord(*pair.Value, b.global)
				if err != nil {
					return nil, err
				}
				b.global[pair.Key] = value
			}
		}
	}
	made, known := []object{}, map[string]values{}
	for _, stage := range stages {
		base, _, err := b.lex.ProcessWord(stage.BaseName, b.global)
		if err != nil {
			return nil, err
		}
		if base == "" {
			return nil, fmt.Errorf("base name should not be blank")
		}
		platform, _, err := b.lex.ProcessWord(stage.Platform, b.global)
		if err != nil {
			return nil, err
		}
		mine := values{}
		for name, value := range known[base] {
			mine[name] = value
		}
		steps := []object{}
		for _, cmd := range stage.Commands {
			step, err := b.step(cmd, mine)
			if err != nil {
				return nil, err
			}
			steps = append(steps, step)
		}
		if stage.Name != "" {
			known[stage.Name] = mine
		}
		made = append(made, object{
			"base": base, "name": stage.Name, "platform": platform, "line": stage.Location[0].Start.Line, "instructions": steps,
		})
	}
	return object{"stages": made, "global": b.global}, nil
}

func main() {
	made, err := read()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(made); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
