// Command gotar says what Go's reader of tar makes of archives; engines unpack layers by it.
//
// Each line of its input is an archive in base64, each line of its output what it has: the files, and why the reader
// stopped, if not at the end. Names are in base64 as well, since they need be no text.
package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
)

type entry struct {
	Name   []byte `json:"name"`
	Kind   string `json:"kind"`
	Mode   int64  `json:"mode"`
	Owner  int    `json:"owner"`
	Target []byte `json:"target"`
}

type answer struct {
	Error   string  `json:"error"`
	Entries []entry `json:"entries"`
}

func read(data []byte) answer {
	found := answer{Entries: []entry{}}
	archive := tar.NewReader(bytes.NewReader(data))
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			found.Error = err.Error()
			return found
		}
		found.Entries = append(found.Entries, entry{
			Name: []byte(header.Name), Kind: string(rune(header.Typeflag)), Mode: header.Mode & 0o7777,
			Owner: header.Uid, Target: []byte(header.Linkname),
		})
	}
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			data, wrong := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(line)))
			if wrong != nil {
				panic(wrong)
			}
			if wrong := answers.Encode(read(data)); wrong != nil {
				panic(wrong)
			}
		}
		if err != nil {
			return
		}
	}
}
