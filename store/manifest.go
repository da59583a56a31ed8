package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// A manifest says what each sealed day held. It is a file of JSON lines in the store's directory, one for each thing that
// was done to a day, and each has the SHA-256 of the line before it: no line can be changed, left out or put in without
// changing all later ones. Its last sum is to be kept elsewhere too (the audit trail), because who can write the file can
// also write all of it anew.
//
// A day has two sums. The sums of its files are quick to check, but the engine may merge a day's parts into others at any
// time, for its own reasons; the same rows are then in other files. So there is one over the rows themselves too: the
// SHA-256 of the sums of all rows, in the order of the minute of their time and then of their identifier. The sum of a
// row is the SHA-256 of its columns in the order of their names, as bytes: for each the length of the name, the name,
// the length of the value and the value, lengths as in encoding/binary.AppendUvarint; without _stream and _stream_id,
// which the engine makes. Files that are as they were say that the rows are; where they are not, the rows are read.
//
// Rows can come late. Identifiers grow by arrival, so what a day held when it was sealed are its rows with smaller ones
// than an entry's Through, and they can be checked as long as the day is kept.

// Kinds of entries.
const (
	Sealed    = "sealed"    // the day was sealed for the first time
	Rewritten = "rewritten" // the engine wrote the same rows into other files
	Grown     = "grown"     // rows came after it was sealed; those that were there before are as they were
	Removed   = "removed"   // the day was removed; Why says why
)

// Entry is one line of a manifest.
type Entry struct {
	N       int       `json:"n"` // from 1
	Day     string    `json:"day"`
	Kind    string    `json:"kind"`
	At      time.Time `json:"at"`
	Why     string    `json:"why,omitempty"`
	Rows    uint64    `json:"rows,omitempty"`
	Through string    `json:"through,omitempty"` // the entry is about rows with a smaller identifier
	Sum     string    `json:"sum,omitempty"`     // of the rows
	Files   []File    `json:"files,omitempty"`
	Prev    string    `json:"prev"` // SHA-256 of the line before, without its end; of the first: of nothing
}

// File is a file of a day.
type File struct {
	Path   string `json:"path"` // below the day's directory, with slashes
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

const manifestFile = "manifest.jsonl"

// manifest is the open manifest of a store.
type manifest struct {
	mu      sync.Mutex
	file    *os.File
	entries int
	head    string           // SHA-256 of the last line
	last    map[string]Entry // by day
	broken  []Finding        // what was wrong with the chain
}

// openManifest reads a manifest. A last line that was cut short by a crash is removed.
func openManifest(dir string) (*manifest, []Repair, error) {
	path := filepath.Join(dir, manifestFile)
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("manifest: %w", err)
	}
	m := &manifest{}
	whole := bytes.LastIndexByte(data, '\n') + 1
	m.read(data[:whole])
	if m.file, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o640); err != nil {
		return nil, nil, fmt.Errorf("manifest: %w", err)
	}
	var repairs []Repair
	if whole < len(data) {
		repairs = append(repairs, Repair{
			Path: manifestFile, Action: "its last line was removed", Reason: "the line was not written to its end",
		})
		err = m.file.Truncate(int64(whole))
	}
	if _, seek := m.file.Seek(int64(whole), 0); err == nil {
		err = seek
	}
	if err != nil {
		return nil, nil, fmt.Errorf("manifest: %w", errors.Join(err, m.file.Close()))
	}
	return m, repairs, nil
}

// read takes the lines of a manifest.
func (m *manifest) read(data []byte) {
	m.last = make(map[string]Entry)
	m.head = sum(nil)
	for line := range bytes.Lines(data) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		m.entries++
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			m.broken = append(m.broken, Finding{What: "line " + strconv.Itoa(m.entries) + " is no entry: " + err.Error()})
		} else {
			if e.Prev != m.head || e.N != m.entries {
				m.broken = append(m.broken, Finding{
					Day: e.Day, What: "the chain is broken before line " + strconv.Itoa(m.entries),
				})
			}
			m.last[e.Day] = e
		}
		m.head = sum(line)
	}
}

func sum(p []byte) string {
	s := sha256.Sum256(p)
	return hex.EncodeToString(s[:])
}

// add appends an entry, and returns when it is on disk.
func (m *manifest) add(e Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	e.N, e.Prev = m.entries+1, m.head
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	at, err := m.file.Seek(0, 1)
	if err == nil {
		_, err = m.file.Write(append(line, '\n'))
	}
	if err == nil {
		err = m.file.Sync()
	}
	if err != nil { // nothing half-written stays
		_, seek := m.file.Seek(at, 0)
		return fmt.Errorf("manifest: %w", errors.Join(err, m.file.Truncate(at), seek))
	}
	m.entries++
	m.head = sum(line)
	m.last[e.Day] = e
	return nil
}

// of returns the last entry about a day.
func (m *manifest) of(day string) (Entry, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.last[day]
	return e, ok
}

func (m *manifest) close() error { return m.file.Close() }

// Manifest returns how many entries the manifest has, and the SHA-256 of the last one: to be kept where who can write to
// the store cannot.
func (e *Embedded) Manifest() (entries int, head string) {
	e.manifest.mu.Lock()
	defer e.manifest.mu.Unlock()
	return e.manifest.entries, e.manifest.head
}
