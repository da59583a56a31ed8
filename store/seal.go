package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// seal seals the days that are due.
func (e *Embedded) seal(ctx context.Context, now time.Time) error {
	days, err := e.Days()
	if err != nil {
		return err
	}
	var wrong []error
	for _, d := range days {
		start, err := time.Parse(dayFormat, d)
		if err != nil || now.Before(start.Add(24*time.Hour+e.opt.SealAfter)) {
			continue
		}
		e.adding.Lock()
		touched := e.touched[d]
		e.adding.Unlock()
		if !touched.IsZero() && time.Since(touched) < e.quiet {
			continue
		}
		was, sealed := e.manifest.of(d)
		sealed = sealed && was.Kind != Removed
		if sealed {
			same, err := sameParts(filepath.Join(e.dir, partitionsDir, d), was.Files)
			if err != nil {
				return err
			}
			if same {
				continue
			}
		}
		if err := e.sealDay(ctx, d, was, sealed); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if errors.Is(err, ErrClosed) {
				return err
			}
			wrong = append(wrong, err)
		}
	}
	return errors.Join(wrong...)
}

// errChanged says that rows of a sealed day are not as they were.
var errChanged = errors.New("rows are not as they were when the day was sealed")

// sealDay seals one day.
func (e *Embedded) sealDay(ctx context.Context, day string, was Entry, again bool) error {
	dir := filepath.Join(e.dir, partitionsDir, day)
	if err := e.settle(dir, day); err != nil {
		return err
	}
	through, known := e.through()
	entry := Entry{Day: day, Kind: Sealed, At: e.opt.now().UTC()}
	if again {
		entry.Kind = Rewritten
		kept, err := e.digest(ctx, day, was.Through)
		if err != nil {
			return err
		}
		if kept.sum != was.Sum {
			return fmt.Errorf("day %s: %w: %d rows of %d", day, errChanged, kept.rows, was.Rows)
		}
	}
	all, err := e.digest(ctx, day, through)
	if err != nil {
		return err
	}
	entry.Sum, entry.Rows, entry.Through = all.sum, all.rows, through
	if !known {
		if _, known = e.through(); known {
			return nil // rows began to come meanwhile; the next call does it
		}
		entry.Through = strconv.FormatUint(max(all.last+1, firstID), 10)
	}
	if again && entry.Sum != was.Sum {
		entry.Kind = Grown
	}
	if entry.Files, err = fileSums(ctx, dir); err != nil {
		return fmt.Errorf("seal day %s: %w", day, err)
	}
	if err := e.manifest.add(entry); err != nil {
		return fmt.Errorf("seal day %s: %w", day, err)
	}
	e.opt.Log.Info("day of event store sealed", "day", day, "kind", entry.Kind, "rows", entry.Rows, "sum", entry.Sum)
	return nil
}

// through returns an identifier that all rows are below which were added so far, and all to come are not; false where no
// row was added yet.
func (e *Embedded) through() (string, bool) {
	e.adding.Lock()
	defer e.adding.Unlock()
	if e.tracks.last == 0 {
		return strconv.FormatUint(math.MaxUint64, 10), false
	}
	return strconv.FormatUint(idNumber(e.tracks.last, 0), 10), true
}

func (e *Embedded) digest(ctx context.Context, day, through string) (daySum, error) {
	n, err := strconv.ParseUint(through, 10, 64)
	if err != nil {
		return daySum{}, fmt.Errorf("sum of day %s: %w", day, err)
	}
	return digest(ctx, e, day, n)
}

// settle makes the engine write what it has of a day into as few parts as it can, so that it need not touch them again.
func (e *Embedded) settle(dir, day string) error {
	v, err := e.enter()
	if err != nil {
		return err
	}
	defer e.leave()
	v.reveal()
	for range 3 {
		before, err := readParts(filepath.Join(dir, dataDir, partsFile))
		if err != nil {
			return fmt.Errorf("seal day %s: %w", day, err)
		}
		if v.stats().memory == 0 && len(before) <= 1 {
			return nil
		}
		v.merge(day)
		after, err := readParts(filepath.Join(dir, dataDir, partsFile))
		if err != nil {
			return fmt.Errorf("seal day %s: %w", day, err)
		}
		if len(after) <= 1 || len(after) == len(before) {
			return nil
		}
	}
	return nil
}

// partsOf returns the names of a day's parts of rows.
func partsOf(dir string) ([]string, error) {
	names, err := readParts(filepath.Join(dir, dataDir, partsFile))
	slices.Sort(names)
	return names, err
}

// sameParts says whether a day has the parts of rows that its entry has.
func sameParts(dir string, files []File) (bool, error) {
	names, err := partsOf(dir)
	if err != nil {
		return false, err
	}
	var was []string
	for _, f := range files {
		if rest, ok := strings.CutPrefix(f.Path, dataDir+"/"); ok {
			if part, _, ok := strings.Cut(rest, "/"); ok && !slices.Contains(was, part) {
				was = append(was, part)
			}
		}
	}
	slices.Sort(was)
	return slices.Equal(names, was), nil
}

// fileSums returns the sums of the files of a day's parts of rows. The index of streams is not among them: it can be made
// anew from the rows.
func fileSums(ctx context.Context, dir string) ([]File, error) {
	for range 5 { // the engine may merge meanwhile
		names, err := partsOf(dir)
		if err != nil {
			return nil, err
		}
		files, err := sumsOf(ctx, dir, names)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if now, err := partsOf(dir); err != nil || slices.Equal(now, names) {
			return files, err
		}
	}
	return nil, errors.New("the engine does not leave its files alone")
}

func sumsOf(ctx context.Context, dir string, parts []string) ([]File, error) {
	files := []File{}
	for _, p := range parts {
		entries, err := os.ReadDir(filepath.Join(dir, dataDir, p))
		if err != nil {
			return nil, err
		}
		for _, d := range entries {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			f, err := fileSum(filepath.Join(dir, dataDir, p, d.Name()))
			if err != nil {
				return nil, err
			}
			f.Path = dataDir + "/" + p + "/" + d.Name()
			files = append(files, f)
		}
	}
	return files, nil
}

func fileSum(path string) (File, error) {
	f, err := os.Open(path)
	if err != nil {
		return File{}, err
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return File{}, err
	}
	return File{Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}, nil
}
