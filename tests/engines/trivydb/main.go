// Command trivydb writes a vulnerability database of Trivy: nested buckets of a bbolt file, of JSON on standard input.
//
// {"bucket": {"bucket": {"key": value}}} has a map for each bucket, and for a value the text that is stored.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	bolt "go.etcd.io/bbolt"
)

type writer interface {
	CreateBucketIfNotExists([]byte) (*bolt.Bucket, error)
}

func put(parent writer, into *bolt.Bucket, found map[string]any) error {
	for key, value := range found {
		switch value := value.(type) {
		case map[string]any:
			below, err := parent.CreateBucketIfNotExists([]byte(key))
			if err != nil {
				return err
			}
			if err := put(below, below, value); err != nil {
				return err
			}
		case string:
			if into == nil {
				return fmt.Errorf("%s: a value outside of a bucket", key)
			}
			if err := into.Put([]byte(key), []byte(value)); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s: neither a bucket nor a text", key)
		}
	}
	return nil
}

func run(path string) error {
	var found map[string]any
	if err := json.NewDecoder(os.Stdin).Decode(&found); err != nil {
		return err
	}
	db, err := bolt.Open(path, 0o644, nil)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Update(func(tx *bolt.Tx) error { return put(tx, nil, found) })
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: trivydb FILE < buckets.json")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
