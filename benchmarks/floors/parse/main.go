// Command parse is the floor of a manifest scanner in Go: it reads every file of a tree, splits the
// documents and turns each into a map by way of JSON, as kubectl and every Go peer must. It judges
// nothing.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	"sigs.k8s.io/yaml"
)

func main() {
	root := os.Args[1]
	workers, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	paths := make(chan string, 256)
	var documents atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for path := range paths {
				documents.Add(int64(parse(path)))
			}
		}()
	}
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			paths <- path
		}
		return err
	})
	if err != nil {
		panic(err)
	}
	close(paths)
	group.Wait()
	fmt.Println(documents.Load())
}

func parse(path string) int {
	data, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	count := 0
	for _, document := range bytes.Split(data, []byte("\n---\n")) {
		text, err := yaml.YAMLToJSON(document)
		if err != nil {
			panic(err)
		}
		var object map[string]any
		if err := json.Unmarshal(text, &object); err != nil {
			panic(err)
		}
		count++
	}
	return count
}
