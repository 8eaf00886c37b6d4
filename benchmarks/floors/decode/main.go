// Command decode is the floor of a cluster scanner in Go: it decodes every page of a list into maps
// with encoding/json. It judges nothing.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
)

func main() {
	paths, err := filepath.Glob(filepath.Join(os.Args[1], "*.json"))
	if err != nil {
		panic(err)
	}
	workers, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	work := make(chan string, 16)
	var items atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for path := range work {
				data, err := os.ReadFile(path)
				if err != nil {
					panic(err)
				}
				var page map[string]any
				if err := json.Unmarshal(data, &page); err != nil {
					panic(err)
				}
				items.Add(int64(len(page["items"].([]any))))
			}
		}()
	}
	for _, path := range paths {
		work <- path
	}
	close(work)
	group.Wait()
	fmt.Println(items.Load())
}
