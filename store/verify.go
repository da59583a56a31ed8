package store

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
)

// Finding is something that is not as the manifest says.
type Finding struct {
	Day  string // "" where it is about the manifest itself
	Path string // a file; "" where it is about a whole day
	What string
}

// Verification is what Verify found.
type Verification struct {
	Days     int // sealed days that were looked at
	Rows     uint64
	Open     []string // days that are not sealed yet
	Findings []Finding
	Entries  int    // of the manifest
	Head     string // SHA-256 of its last line
}

// Verify compares the sealed days with the manifest: all bytes of their files and, where the engine merged them into
// others, the rows. It reads everything that is kept; Add and searches go on meanwhile.
func (e *Embedded) Verify(ctx context.Context) (Verification, error) {
	e.keeping.Lock()
	defer e.keeping.Unlock()
	m := e.manifest
	m.mu.Lock()
	v := Verification{Entries: m.entries, Head: m.head, Findings: slices.Clone(m.broken)}
	last := make([]Entry, 0, len(m.last))
	for _, entry := range m.last {
		last = append(last, entry)
	}
	m.mu.Unlock()
	days, err := e.Days()
	if err != nil {
		return v, fmt.Errorf("verify: %w", err)
	}
	for _, d := range days {
		entry, ok := m.of(d)
		if !ok || entry.Kind == Removed {
			v.Open = append(v.Open, d)
			continue
		}
		v.Days++
		v.Rows += entry.Rows
		found, err := e.verifyDay(ctx, entry)
		if err != nil {
			return v, fmt.Errorf("verify: %w", err)
		}
		v.Findings = append(v.Findings, found...)
	}
	for _, entry := range last {
		if entry.Kind != Removed && !slices.Contains(days, entry.Day) {
			v.Findings = append(v.Findings, Finding{Day: entry.Day, What: "the day is gone; it had " +
				strconv.FormatUint(entry.Rows, 10) + " rows"})
		}
	}
	slices.SortStableFunc(v.Findings, func(a, b Finding) int { return compareText(a.Day, b.Day) })
	return v, nil
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// verifyDay compares one day with its entry. A part that is named as it was must be as it was: the engine never changes
// one. It is not asked for rows while a part is damaged, because it would end the process.
func (e *Embedded) verifyDay(ctx context.Context, was Entry) ([]Finding, error) {
	dir := filepath.Join(e.dir, partitionsDir, was.Day)
	files, err := fileSums(ctx, dir)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return []Finding{{Day: was.Day, What: err.Error()}}, nil
	}
	now := make(map[string]File, len(files))
	parts := make(map[string]bool)
	for _, f := range files {
		now[f.Path] = f
		parts[filepath.Dir(f.Path)] = true
	}
	var found []Finding
	merged := false
	for _, f := range was.Files {
		is, there := now[f.Path]
		switch {
		case !parts[filepath.Dir(f.Path)]:
			merged = true
		case !there:
			found = append(found, Finding{Day: was.Day, Path: f.Path, What: "the file is gone"})
		case is != f:
			found = append(found, Finding{Day: was.Day, Path: f.Path, What: "the file was changed"})
		}
	}
	if len(found) > 0 || !merged {
		return found, nil
	}
	got, err := e.digest(ctx, was.Day, was.Through)
	if err != nil {
		return nil, err
	}
	if got.sum != was.Sum {
		found = append(found, Finding{Day: was.Day, What: fmt.Sprintf("%v; there are %d, and there were %d",
			errChanged, got.rows, was.Rows)})
	}
	return found, nil
}
