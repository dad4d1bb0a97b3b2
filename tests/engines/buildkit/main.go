// Command buildkit judges Dockerfiles with BuildKit's own Go packages.
//
// It reads one JSON object a line ({"dockerfile": "...", "args": {"NAME": "value"}}) and answers each
// with one line: what the parser makes of the file, and the labels and environment of the image
// that a build of its last stage would have. No daemon is needed, and nothing is fetched: an image
// that a file is built on is taken to be empty.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

type request struct {
	Dockerfile string            `json:"dockerfile"`
	Args       map[string]string `json:"args"`
}

type heredoc struct {
	Name   string `json:"name"`
	FD     uint   `json:"fd"`
	Expand bool   `json:"expand"`
	Chomp  bool   `json:"chomp"`
	Body   string `json:"body"`
}

type instruction struct {
	Keyword  string       `json:"keyword"`
	Flags    []string     `json:"flags"`
	Text     string       `json:"text"`
	Start    int          `json:"start"`
	End      int          `json:"end"`
	JSON     bool         `json:"json"`
	Words    []string     `json:"words"`
	Heredocs []heredoc    `json:"heredocs"`
	Onbuild  *instruction `json:"onbuild"`
}

type answer struct {
	ParseError   string            `json:"parse_error"`
	Escape       string            `json:"escape"`
	Instructions []instruction     `json:"instructions"`
	BuildError   string            `json:"build_error"`
	Labels       map[string]string `json:"labels"`
	Env          []string          `json:"env"`
}

func describe(node *parser.Node) instruction {
	found := instruction{
		Keyword:  node.Value,
		Flags:    append([]string{}, node.Flags...),
		Text:     node.Original,
		Start:    node.StartLine,
		End:      node.EndLine,
		JSON:     node.Attributes["json"],
		Words:    []string{},
		Heredocs: []heredoc{},
	}
	for _, doc := range node.Heredocs {
		found.Heredocs = append(found.Heredocs, heredoc{doc.Name, doc.FileDescriptor, doc.Expand, doc.Chomp, doc.Content})
	}
	for next := node.Next; next != nil; next = next.Next {
		if len(next.Children) > 0 {
			inner := describe(next.Children[0])
			found.Onbuild = &inner
			continue
		}
		found.Words = append(found.Words, next.Value)
	}
	return found
}

type emptyImages struct{}

func (emptyImages) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	return ref, "", []byte(`{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers"}}`), nil
}

func judge(asked request) (given answer) {
	defer func() {
		if crash := recover(); crash != nil {
			given.BuildError = fmt.Sprintf("panic: %v", crash)
		}
	}()
	result, err := parser.Parse(bytes.NewReader([]byte(asked.Dockerfile)))
	if err != nil {
		given.ParseError = err.Error()
	}
	if result != nil {
		given.Escape = string(result.EscapeToken)
		for _, node := range result.AST.Children {
			given.Instructions = append(given.Instructions, describe(node))
		}
	}
	platform := ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	built, err := dockerfile2llb.Dockerfile2LLB(context.Background(), []byte(asked.Dockerfile), dockerfile2llb.ConvertOpt{
		Config:         dockerui.Config{BuildArgs: asked.Args},
		TargetPlatform: &platform,
		MetaResolver:   emptyImages{},
	})
	if err != nil {
		given.BuildError = err.Error()
		return given
	}
	given.Labels = built.Image.Config.Labels
	given.Env = built.Image.Config.Env
	return given
}

func main() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	answers := json.NewEncoder(out)
	answers.SetEscapeHTML(false)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) == 0 && err != nil {
			return
		}
		var asked request
		if err := json.Unmarshal(line, &asked); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if asked.Args == nil {
			asked.Args = map[string]string{}
		}
		if err := answers.Encode(judge(asked)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := out.Flush(); err != nil {
			return
		}
	}
}
