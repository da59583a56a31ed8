package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/disk"
)

// The engine ends the process over a directory that is not as it left it, and has no sums over its data. So what can be
// told from outside is looked at before it opens: each day's lists of parts (parts.json), and that each part is whole
// (its files, their total size against its metadata.json). A part is dropped from the list where it is gone, and moved
// aside where it is not whole; the day's other parts stay. What only shows while it is read (garbled bytes of the right
// length) ends the process; its last words name the part, they are kept in the file "died", and a part that was named
// twice is moved aside too.

// Repair is something that was put right when a store was opened.
type Repair struct {
	Day    string // whose rows it is about, YYYYMMDD; "" where it is not about a day
	Path   string // what was damaged, below the store's directory
	Moved  string // where it was moved to, below the store's directory; "" where nothing was moved
	Action string // what was done
	Reason string // what was wrong
}

// Names below a store's directory.
const (
	partitionsDir = "partitions" // the engine's: one directory for each day (UTC)
	dataDir       = "datadb"
	indexDir      = "indexdb"
	partsFile     = "parts.json"
	asideDir      = "quarantine" // ours: what was moved aside
	diedFile      = "died"
	removing      = ".removing-" // prefix of a day that is being removed
)

// healer puts one store right.
type healer struct {
	dir     string
	now     time.Time
	repairs []Repair
}

// heal makes a directory such that the engine can open it, and tells what it did.
func heal(dir string, now time.Time) ([]Repair, error) {
	h := &healer{dir: dir, now: now}
	if err := h.leftovers(); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(filepath.Join(dir, partitionsDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("heal: %w", err)
	}
	for _, d := range entries {
		path := filepath.Join(partitionsDir, d.Name())
		if _, err := time.Parse(dayFormat, d.Name()); err != nil || !d.IsDir() {
			if err := h.aside(path, "", "it is no day of the engine's"); err != nil {
				return nil, err
			}
			continue
		}
		if err := h.day(path, d.Name()); err != nil {
			return nil, err
		}
	}
	return h.repairs, h.deaths()
}

// leftovers removes days whose removal was cut short.
func (h *healer) leftovers() error {
	entries, err := os.ReadDir(h.dir)
	if err != nil {
		return fmt.Errorf("heal: %w", err)
	}
	for _, d := range entries {
		if strings.HasPrefix(d.Name(), removing) || strings.HasPrefix(d.Name(), staging) {
			if err := os.RemoveAll(filepath.Join(h.dir, d.Name())); err != nil {
				return fmt.Errorf("heal: %w", err)
			}
		}
	}
	return nil
}

// aside moves something into the quarantine.
func (h *healer) aside(path, day, reason string) error {
	if err := os.MkdirAll(filepath.Join(h.dir, asideDir), 0o750); err != nil {
		return fmt.Errorf("heal: %w", err)
	}
	base := h.now.UTC().Format(asideStamp) + "-" + strings.ReplaceAll(filepath.ToSlash(path), "/", "-")
	to := filepath.Join(asideDir, base)
	for n := 1; ; n++ {
		if _, err := os.Lstat(filepath.Join(h.dir, to)); err != nil {
			break
		}
		to = filepath.Join(asideDir, base+"-"+strconv.Itoa(n))
	}
	if err := os.Rename(filepath.Join(h.dir, path), filepath.Join(h.dir, to)); err != nil {
		return fmt.Errorf("heal: %w", err)
	}
	h.repairs = append(h.repairs, Repair{Day: day, Path: path, Moved: to, Action: "moved aside", Reason: reason})
	return nil
}

func (h *healer) did(day, path, action, reason string) {
	h.repairs = append(h.repairs, Repair{Day: day, Path: path, Action: action, Reason: reason})
}

// day puts one day right.
func (h *healer) day(path, day string) error {
	data, index := filepath.Join(path, dataDir), filepath.Join(path, indexDir)
	hasData, hasIndex := isDir(filepath.Join(h.dir, data)), isDir(filepath.Join(h.dir, index))
	if hasData && !hasIndex {
		if err := os.Mkdir(filepath.Join(h.dir, index), 0o750); err != nil {
			return fmt.Errorf("heal: %w", err)
		}
		h.did(day, index, "made anew; searches by _stream do not find the day's rows, all others do", "it is missing")
	}
	if hasIndex {
		if err := h.parts(index, day, soundIndex); err != nil {
			return err
		}
	}
	if !hasData {
		return nil
	}
	return h.parts(data, day, soundPart)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// parts makes the list of parts in a directory right.
func (h *healer) parts(path, day string, sound func(string) error) error {
	list := filepath.Join(path, partsFile)
	listed, damaged := readParts(filepath.Join(h.dir, list))
	names := listed
	if damaged != nil {
		var err error
		if names, err = directories(filepath.Join(h.dir, path)); err != nil {
			return err
		}
	}
	kept := names[:0:0]
	for _, n := range names {
		part := filepath.Join(path, n)
		if !isDir(filepath.Join(h.dir, part)) {
			h.did(day, part, "dropped from "+partsFile, "it is listed and not there")
			continue
		}
		if err := sound(filepath.Join(h.dir, part)); err != nil {
			if errors.Is(err, errNewer) {
				return fmt.Errorf("heal: %w", err)
			}
			if err := h.aside(part, day, err.Error()); err != nil {
				return err
			}
			continue
		}
		kept = append(kept, n)
	}
	if damaged == nil && len(kept) == len(listed) || errors.Is(damaged, fs.ErrNotExist) && len(names) == 0 {
		return nil
	}
	if damaged != nil {
		var err error
		if kept, err = h.once(path, day, kept); err != nil {
			return err
		}
		h.did(day, list, "made anew from the parts that are there", damaged.Error())
	}
	return writeParts(filepath.Join(h.dir, list), kept)
}

// readParts reads a list of parts.
func readParts(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("list of parts: %w", err)
	}
	var names []string
	if err := json.Unmarshal(data, &names); err != nil {
		return nil, fmt.Errorf("list of parts: %w", err)
	}
	for _, n := range names {
		if n == "" || n != filepath.Base(n) || n == "." || n == ".." {
			return nil, fmt.Errorf("list of parts: %q is no part", n)
		}
	}
	return names, nil
}

// writeParts replaces a list of parts.
func writeParts(path string, names []string) error {
	slices.Sort(names)
	data, err := json.Marshal(slices.Concat([]string{}, names))
	if err != nil {
		return fmt.Errorf("list of parts: %w", err)
	}
	return disk.Replace(path, 0o600, data)
}

// directories returns the names of the directories in a directory.
func directories(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("heal: %w", err)
	}
	var names []string
	for _, d := range entries {
		if d.IsDir() {
			names = append(names, d.Name())
		}
	}
	return names, nil
}
