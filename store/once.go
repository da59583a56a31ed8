package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// once returns those of a day's parts that have no row twice, and moves the others aside. Where a list of parts is lost,
// parts may be there whose rows were merged into others before, and which were to be removed. A merge takes all rows of a
// part, so one row of each tells: each part is opened for itself and asked which of these rows it has.
func (h *healer) once(path, day string, parts []string) ([]string, error) {
	if len(parts) < 2 || filepath.Base(path) != dataDir {
		return parts, nil
	}
	slices.Sort(parts) // by when they were made
	first := make(map[string][]string)
	for _, p := range parts {
		err := h.alone(path, day, p, "* | fields "+ID+" | limit 1", func(id string) { first[id] = append(first[id], p) })
		if err != nil {
			return nil, err
		}
	}
	ids := make([]string, 0, len(first))
	for id := range first {
		ids = append(ids, `"`+id+`"`)
	}
	merged := make(map[string]string)
	for _, p := range parts {
		logsql := ID + ":in(" + strings.Join(ids, ",") + ") | fields " + ID
		err := h.alone(path, day, p, logsql, func(id string) {
			for _, source := range first[id] {
				if source < p {
					merged[source] = p
				}
			}
		})
		if err != nil {
			return nil, err
		}
	}
	kept := parts[:0:0]
	for _, p := range parts {
		into, ok := merged[p]
		if !ok {
			kept = append(kept, p)
			continue
		}
		if err := h.aside(filepath.Join(path, p), day, "its rows are in "+into+" too"); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// alone opens one part as a store of its own and runs a query for identifiers.
func (h *healer) alone(path, day, part, logsql string, found func(id string)) error {
	stage, err := os.MkdirTemp(h.dir, staging)
	if err != nil {
		return fmt.Errorf("heal: %w", err)
	}
	defer func() { _ = os.RemoveAll(stage) }() // what stays is removed at the next start
	data := filepath.Join(stage, partitionsDir, day, dataDir)
	if err := os.MkdirAll(filepath.Join(stage, partitionsDir, day, indexDir), 0o750); err != nil {
		return fmt.Errorf("heal: %w", err)
	}
	if err := linkParts(filepath.Join(h.dir, path), data, []string{part}); err != nil {
		return fmt.Errorf("heal: %w", err)
	}
	if err := writeParts(filepath.Join(data, partsFile), []string{part}); err != nil {
		return err
	}
	v, err := openVault(stage, Options{flush: flushInterval})
	if err != nil {
		return err
	}
	defer v.close()
	var mu sync.Mutex
	return v.scan(context.Background(), logsql, func(_ int, b *Block) {
		mu.Lock()
		defer mu.Unlock()
		for _, id := range b.column(ID) {
			found(strings.Clone(id))
		}
	})
}
